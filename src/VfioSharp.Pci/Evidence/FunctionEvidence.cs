using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Pci.Evidence;

/// <summary>What Linux shows of one PCI function under <c>/sys/bus/pci/devices</c>, undecoded.</summary>
public sealed record FunctionEvidence
{
    internal const string Folder = "sys/bus/pci/devices";

    private static readonly string[] IdFiles = ["vendor", "device", "subsystem_vendor", "subsystem_device", "class", "revision"];

    /// <summary>Where the function lies; also the requester ID it sends under.</summary>
    public required PciAddress Address { get; init; }

    /// <summary>The function's folder under <c>sys/devices</c>, which tells what it hangs on; null where sysfs does not show it.</summary>
    public string? DevicePath { get; init; }

    /// <summary>Vendor ID. For a virtual function, whose configuration space reads all ones here, the kernel supplies it.</summary>
    public ushort VendorId { get; init; }

    /// <summary>Device ID; for a virtual function as <see cref="VendorId"/>.</summary>
    public ushort DeviceId { get; init; }

    /// <summary>Subsystem vendor ID, 0 where there is none.</summary>
    public ushort SubsystemVendorId { get; init; }

    /// <summary>Subsystem device ID, 0 where there is none.</summary>
    public ushort SubsystemDeviceId { get; init; }

    /// <summary>The class code's three bytes, base class in bits 23:16.</summary>
    public uint ClassCode { get; init; }

    /// <summary>Revision ID.</summary>
    public byte Revision { get; init; }

    /// <summary>
    /// The bytes of configuration space as far as they could be read: 64 without CAP_SYS_ADMIN, else 256 or 4096. The device serial number
    /// (PCI Express Base 6.0, 7.9.3), which often holds a MAC address, is zeroed as they are read: nothing here needs it.
    /// </summary>
    public ReadOnlyMemory<byte> ConfigurationImage { get; init; }

    /// <summary>Configuration space, decoded.</summary>
    public ConfigurationSpace Configuration => field ??= new ConfigurationSpace(ConfigurationImage);

    /// <summary>The text of the <c>resource</c> file, or null.</summary>
    public string? Resource { get; init; }

    /// <summary>The driver bound to it, or null.</summary>
    public string? Driver { get; init; }

    /// <summary>The number of its IOMMU group, or null where it is in none.</summary>
    public int? IommuGroup { get; init; }

    /// <summary>The IOMMU that translates for it, by its name under <c>/sys/class/iommu</c>, or null.</summary>
    public string? IommuUnit { get; init; }

    /// <summary>For a virtual function, its physical function.</summary>
    public PciAddress? PhysicalFunction { get; init; }

    /// <summary>The Linux interrupt numbers of its MSI or MSI-X vectors; empty while no driver has enabled any.</summary>
    public ImmutableArray<int> MsiIrqs { get; init; } = [];

    /// <summary>s390x: whether the function can be accessed by the PCI memory-I/O instructions, hence through a mapping. Null elsewhere.</summary>
    public bool? MemoryIoEnabled { get; init; }

    /// <summary>The function's device tree node, relative to the tree's root, or null.</summary>
    public string? DeviceTreeNode { get; init; }

    internal static FunctionEvidence? Read(EvidenceSource source, string name)
    {
        if (!PciAddress.TryParse(name, out PciAddress address))
        {
            return null;
        }

        string folder = $"{Folder}/{name}";
        HostFile configuration = source.Read($"{folder}/config");
        ReadOnlySpan<byte> header = configuration.Content.Span;
        Span<uint> ids = stackalloc uint[IdFiles.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = ReadHex(source, $"{folder}/{IdFiles[i]}") ?? FromHeader(header, i);
        }

        return new FunctionEvidence
        {
            Address = address,
            DevicePath = source.Tree.ResolveLink(folder) is { } path && path.StartsWith("sys/devices/", StringComparison.Ordinal) && HostPath.Name(path) == name
                ? path : null,
            VendorId = (ushort)ids[0],
            DeviceId = (ushort)ids[1],
            SubsystemVendorId = (ushort)ids[2],
            SubsystemDeviceId = (ushort)ids[3],
            ClassCode = ids[4] & 0xffffff,
            Revision = (byte)ids[5],
            ConfigurationImage = WithoutSerialNumber(configuration.Content),
            Resource = source.ReadText($"{folder}/resource"),
            Driver = source.ReadLinkName($"{folder}/driver"),
            IommuGroup = int.TryParse(source.ReadLinkName($"{folder}/iommu_group"), NumberStyles.None, CultureInfo.InvariantCulture, out int group)
                ? group : null,
            IommuUnit = source.ReadLinkName($"{folder}/iommu"),
            PhysicalFunction = PciAddress.TryParse(source.ReadLinkName($"{folder}/physfn"), out PciAddress physical) ? physical : null,
            MsiIrqs = [.. from irq in source.List($"{folder}/msi_irqs")
                          let number = int.TryParse(irq, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : -1
                          where number >= 0
                          orderby number
                          select number],
            MemoryIoEnabled = KernelCommandLine.ParseFlag(source.ReadText($"{folder}/mio_enabled") ?? "?"),
            DeviceTreeNode = DeviceTreeNodeAt(source.Tree, folder),
        };
    }

    internal void WriteTo(MemoryTree tree)
    {
        string listed = $"{Folder}/{Address}";
        string folder = listed;
        if (DevicePath is not null)
        {
            folder = DevicePath;
            tree.AddLink(listed, "../../../" + folder["sys/".Length..]);
            tree.AddFolder(folder);
        }

        uint[] ids = [VendorId, DeviceId, SubsystemVendorId, SubsystemDeviceId, ClassCode, Revision];
        for (int i = 0; i < ids.Length; i++)
        {
            tree.AddFile($"{folder}/{IdFiles[i]}", string.Create(CultureInfo.InvariantCulture, $"0x{ids[i]:x4}\n"));
        }

        if (!ConfigurationImage.IsEmpty)
        {
            tree.AddFile($"{folder}/config", ConfigurationImage);
        }

        AddText(tree, $"{folder}/resource", Resource);
        AddText(tree, $"{folder}/mio_enabled", MemoryIoEnabled is { } mio ? (mio ? "1" : "0") : null);
        AddLink(tree, folder, "driver", Driver is null ? null : $"bus/pci/drivers/{Driver}");
        AddLink(tree, folder, "iommu_group", IommuGroup is null ? null : $"kernel/iommu_groups/{IommuGroup}");
        AddLink(tree, folder, "iommu", IommuUnit is null ? null : $"class/iommu/{IommuUnit}");
        AddLink(tree, folder, "physfn", PhysicalFunction is null ? null : $"bus/pci/devices/{PhysicalFunction}");
        AddLink(tree, folder, "of_node", DeviceTreeNode is null ? null : $"firmware/devicetree/base/{DeviceTreeNode}");
        foreach (int irq in MsiIrqs)
        {
            tree.AddFile(string.Create(CultureInfo.InvariantCulture, $"{folder}/msi_irqs/{irq}"), "msi\n");
        }
    }

    /// <summary>The node that the <c>of_node</c> link in <paramref name="folder"/> names, relative to the device tree's root; null without one.</summary>
    internal static string? DeviceTreeNodeAt(HostTree tree, string folder)
    {
        const string Base = "firmware/devicetree/base/";
        string? target = tree.ReadLink($"{folder}/of_node");
        int start = target?.IndexOf(Base, StringComparison.Ordinal) ?? -1;
        return start < 0 ? null : target![(start + Base.Length)..];
    }

    // A link from a folder below sys/ to a place below sys/, by as many steps up as the folder is deep.
    internal static void AddLink(MemoryTree tree, string folder, string name, string? target)
    {
        if (target is not null)
        {
            tree.AddLink($"{folder}/{name}", string.Concat(Enumerable.Repeat("../", folder.Count(c => c == '/'))) + target);
        }
    }

    private static ReadOnlyMemory<byte> WithoutSerialNumber(ReadOnlyMemory<byte> image)
    {
        const int Header = 4;
        const int Length = 8;
        if (new ConfigurationSpace(image).Capabilities.Find(ExtendedCapabilityId.DeviceSerialNumber) is not { Offset: var offset })
        {
            return image;
        }

        byte[] copy = image.ToArray();
        copy.AsSpan(offset + Header, Math.Clamp(copy.Length - offset - Header, 0, Length)).Clear();
        return copy;
    }

    private static void AddText(MemoryTree tree, string path, string? text)
    {
        if (text is not null)
        {
            tree.AddFile(path, text + "\n");
        }
    }

    private static uint? ReadHex(EvidenceSource source, string path)
    {
        string? text = source.ReadText(path);
        return text is not null && text.StartsWith("0x", StringComparison.Ordinal)
            && uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value) ? value : null;
    }

    // The header's own answer, for trees that keep only the configuration space (PCI Express Base 6.0, 7.5.1).
    private static uint FromHeader(ReadOnlySpan<byte> header, int id)
    {
        if (header.Length < 64)
        {
            return 0;
        }

        bool endpoint = (header[0x0e] & 0x7f) == 0;
        return id switch
        {
            0 => Read16(header, 0x00),
            1 => Read16(header, 0x02),
            2 => endpoint ? Read16(header, 0x2c) : 0u,
            3 => endpoint ? Read16(header, 0x2e) : 0u,
            4 => header[0x09] | ((uint)header[0x0a] << 8) | ((uint)header[0x0b] << 16),
            _ => header[0x08],
        };

        static uint Read16(ReadOnlySpan<byte> bytes, int offset) => (uint)(bytes[offset] | (bytes[offset + 1] << 8));
    }
}
