using System.Globalization;
using System.Text;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Tests.Shared;

/// <summary>
/// A made-up server as large as one likes: network and NVMe functions with SR-IOV, one behind each root port, 256 virtual functions each of which
/// half answer to the bus number after their physical function's. Intel VT-d; every function is in a group of its own. Most virtual functions are
/// bound to vfio-pci, one in eight to its native driver, which holds vectors.
/// </summary>
/// <param name="virtualFunctions">How many there are in all segments.</param>
/// <param name="segments">How many segments they are dealt to, each with two remapping units.</param>
internal sealed class SyntheticHost(int virtualFunctions = 4096, int segments = 1)
{
    public const int VirtualPerPhysical = 256;
    public const int FirstVirtualOffset = 0x80;

    private const int BusesPerPort = 2;
    private const int Processors = 64;
    private const int PortVectors = 1;
    private const int VendorNames = 2300;
    private const int DeviceNames = 10;

    // Bit 3: remaps interrupts (VT-d 4.1, 11.4.3).
    private const string ExtendedCapability = "f0f0ca\n";

    private readonly MemoryTree tree = new();
    private readonly StringBuilder interrupts = new();
    private readonly string counts = string.Concat(Enumerable.Repeat("          0", Processors));
    private int nextIrq = 100;
    private int nextGroup;
    private ulong nextAddress = 0x2000_0000_0000;

    /// <summary>Whether the kernel turned interrupt remapping on.</summary>
    public bool Remaps { get; init; } = true;

    public int PhysicalFunctions => (virtualFunctions + VirtualPerPhysical - 1) / VirtualPerPhysical;

    /// <summary>All functions: virtual, physical, and a root port for each physical one.</summary>
    public int Functions => virtualFunctions + (2 * PhysicalFunctions);

    public MemoryTree ToTree()
    {
        WriteHost();
        int left = virtualFunctions;
        for (int device = 0; device < PhysicalFunctions; device++)
        {
            int count = Math.Min(left, VirtualPerPhysical);
            WriteDevice((uint)(device % segments), device / segments, SyntheticDevice.Kinds[device / segments % SyntheticDevice.Kinds.Length], count);
            left -= count;
        }

        tree.AddFile("proc/interrupts", interrupts.ToString());
        return tree;
    }

    private void WriteHost()
    {
        tree.AddFile(SnapshotManifest.FileName, new SnapshotManifest { PageSize = 4096, Architecture = "x86_64", Privileged = true }.ToJson());
        tree.AddFile("proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet intel_iommu=on" + (Remaps ? "\n" : " intremap=off\n"));
        tree.AddFile("proc/sys/kernel/osrelease", "6.12.9-amd64\n");
        tree.AddFile("var/log/dmesg", "[    0.154243] DMAR: IOMMU enabled\n" + (Remaps ? "[    0.555711] DMAR-IR: Enabled IRQ remapping in x2apic mode\n" : ""));
        tree.AddFile("sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "N\n");
        tree.AddFile("sys/firmware/acpi/tables/DMAR", SyntheticFirmware.Dmar(segments));
        tree.AddFile("usr/share/misc/pci.ids", Names());
        for (int unit = 0; unit < 2 * segments; unit++)
        {
            tree.AddLink($"sys/class/iommu/dmar{unit}", $"../../devices/virtual/iommu/dmar{unit}");
            tree.AddFile($"sys/devices/virtual/iommu/dmar{unit}/intel-iommu/ecap", ExtendedCapability);
        }

        interrupts.Append(' ', 5);
        for (int processor = 0; processor < Processors; processor++)
        {
            interrupts.Append(CultureInfo.InvariantCulture, $"{"CPU" + processor,11}");
        }

        interrupts.Append('\n');
        for (int line = 0; line < 10; line++)
        {
            AddInterrupt(line, Chip("IO-APIC"), $"{line}-edge");
        }
    }

    // As long as the real list, with the network functions somewhere in its middle.
    private static string Names()
    {
        var text = new StringBuilder("# made up\n");
        for (int vendor = 0; vendor < VendorNames; vendor++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{0x8086 - (VendorNames / 2) + vendor:x4}  A vendor with a name of usual length\n");
            for (int device = 0; device < DeviceNames; device++)
            {
                text.Append(CultureInfo.InvariantCulture, $"\t{0x1889 + device:x4}  A device with a name of usual length\n");
            }
        }

        return text.ToString();
    }

    private void WriteDevice(uint segment, int place, SyntheticDevice kind, int count)
    {
        int bus = 1 + (BusesPerPort * place);
        if (bus + 1 > byte.MaxValue)
        {
            throw new InvalidOperationException($"{virtualFunctions} virtual functions need more than {segments} segments.");
        }

        string root = $"sys/devices/pci{segment:x4}:00";
        int unit = (int)(2 * segment) + (place == 0 ? 0 : 1); // the firmware gives the first port a unit of its own
        var port = new PciAddress(segment, new RequesterId((ushort)(((1 + (place / 8)) << 3) | (place % 8))));
        string portFolder = $"{root}/{port}";
        WriteFunction(portFolder, port, SyntheticDevice.RootPort, SyntheticDevice.RootPort.Bridge((byte)bus, (byte)(bus + 1)), unit, "pcieport", PortVectors, "PCI-MSI");

        var physical = new PciAddress(segment, new RequesterId((ushort)(bus << 8)));
        WriteFunction($"{portFolder}/{physical}", physical, kind, kind.Physical(count), unit, kind.Driver, kind.PhysicalVectors, "PCI-MSIX");
        for (int index = 0; index < count; index++)
        {
            var address = new PciAddress(segment, new RequesterId((ushort)((bus << 8) + FirstVirtualOffset + index)));
            bool isNative = index % 8 == 0;
            string folder = $"{portFolder}/{address}";
            WriteFunction(folder, address, kind, kind.Virtual(), unit, isNative ? kind.VirtualDriver : "vfio-pci", isNative ? kind.VirtualVectors : 0, "PCI-MSIX");
            tree.AddLink($"{folder}/physfn", $"../{physical}");
        }
    }

    private void WriteFunction(string folder, PciAddress address, SyntheticDevice kind, byte[] configuration, int unit, string driver, int vectors, string chip)
    {
        bool isVirtual = configuration[0] == 0xff;
        tree.AddLink($"sys/bus/pci/devices/{address}", "../../../" + folder["sys/".Length..]);
        tree.AddFile($"{folder}/config", configuration);
        tree.AddFile($"{folder}/vendor", $"0x{kind.VendorId:x4}\n");
        tree.AddFile($"{folder}/device", $"0x{(isVirtual ? kind.VirtualDeviceId : kind.DeviceId):x4}\n");
        tree.AddFile($"{folder}/subsystem_vendor", $"0x{kind.VendorId:x4}\n");
        tree.AddFile($"{folder}/subsystem_device", "0x0000\n");
        tree.AddFile($"{folder}/class", $"0x{kind.ClassCode:x6}\n");
        tree.AddFile($"{folder}/revision", "0x01\n");
        tree.AddFile($"{folder}/resource", kind.Resource(isVirtual, ref nextAddress));

        string up = string.Concat(Enumerable.Repeat("../", folder.Count(c => c == '/')));
        tree.AddLink($"{folder}/driver", $"{up}bus/pci/drivers/{driver}");
        tree.AddLink($"{folder}/iommu", $"{up}devices/virtual/iommu/dmar{unit}");
        tree.AddLink($"{folder}/iommu_group", $"{up}kernel/iommu_groups/{nextGroup}");

        string group = $"sys/kernel/iommu_groups/{nextGroup++}";
        tree.AddFile($"{group}/type", "DMA-FQ\n");
        tree.AddFile($"{group}/reserved_regions", "0x00000000fee00000 0x00000000feefffff msi\n");
        tree.AddLink($"{group}/devices/{address}", $"../../../../{folder["sys/".Length..]}");
        for (int vector = 0; vector < vectors; vector++)
        {
            AddInterrupt(nextIrq, $"{Chip(chip)}-{address}", $"{vector}-edge");
            tree.AddFile($"{folder}/msi_irqs/{nextIrq++}", "msix\n");
        }
    }

    private string Chip(string name) => Remaps ? "IR-" + name : name;

    private void AddInterrupt(int number, string chip, string trigger) =>
        interrupts.Append(CultureInfo.InvariantCulture, $"{number,4}:{counts}  {chip}   {trigger}      made-up\n");
}
