using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>Writes the folders of functions below <c>sys/devices</c>, and the links to them in <c>sys/bus/pci/devices</c>.</summary>
/// <param name="tree">Where to write.</param>
/// <param name="platform">Where host bridges and IOMMUs are.</param>
internal sealed class FunctionFiles(MemoryTree tree, PlatformEvidence platform)
{
    private const int FirstBar = 0x10;
    private const int BarBytes = 24;

    /// <summary>The folder of a function, in that of the bridge above; a virtual function's is beside its physical function's.</summary>
    public string FolderOf(HostFunction function) =>
        $"{(function.Bus.Bridge is { } bridge ? FolderOf(bridge) : platform.FolderOf(function.Bus.HostBridge))}/{function.Address}";

    /// <summary>Adds a function.</summary>
    public void Add(HostFunction function)
    {
        string folder = FolderOf(function);
        ConfigurationSpace space = function.ReadConfiguration();
        SysfsLink.Add(tree, "sys/bus/pci/devices", function.Address.ToString(), folder);
        AddHex(folder, "vendor", space.VendorId, 4);
        AddHex(folder, "device", space.DeviceId, 4);
        AddHex(folder, "subsystem_vendor", space.SubsystemVendorId ?? 0, 4);
        AddHex(folder, "subsystem_device", space.SubsystemId ?? 0, 4);
        AddHex(folder, "class", space.Read32(0x08) >> 8, 6);
        AddHex(folder, "revision", space.Revision, 2);
        tree.AddFile($"{folder}/config", ConfigurationOf(function));
        tree.AddFile($"{folder}/resource", ResourcesOf(function, space));
        if (DriverOf(function) is { } driver)
        {
            SysfsLink.Add(tree, folder, "driver", $"sys/bus/pci/drivers/{driver}");
        }

        if (function.Group is { } group)
        {
            SysfsLink.Add(tree, folder, "iommu_group", string.Create(CultureInfo.InvariantCulture, $"sys/kernel/iommu_groups/{group.Number}"));
            SysfsLink.Add(tree, folder, "iommu", platform.UnitOf(function)!.Value.Folder);
        }

        if (platform.NodeOf(function) is { } node)
        {
            SysfsLink.Add(tree, folder, "of_node", $"sys/firmware/devicetree/base/{node}");
        }

        if (function is EndpointFunction endpoint)
        {
            AddVirtualFunctions(endpoint, folder, space);
        }

        platform.AddTo(tree, function, folder);
    }

    private static string? DriverOf(HostFunction function) => function switch
    {
        BridgeFunction { Kind: BridgeKind.RootPort or BridgeKind.UpstreamPort or BridgeKind.DownstreamPort } => "pcieport",
        EndpointFunction { Driver: FunctionDriver.VfioPci } => "vfio-pci",
        EndpointFunction { Driver: FunctionDriver.Native } => "native",
        _ => null,
    };

    private void AddVirtualFunctions(EndpointFunction function, string folder, ConfigurationSpace space)
    {
        if (function.PhysicalFunction is { } physical)
        {
            SysfsLink.Add(tree, folder, "physfn", FolderOf(physical));
        }

        if (space.Capabilities.SrIov is not { } sriov)
        {
            return;
        }

        (string Name, int Value)[] files =
        [
            ("totalvfs", sriov.TotalVfs), ("numvfs", sriov.NumVfs), ("offset", sriov.FirstVfOffset), ("stride", sriov.VfStride),
        ];
        foreach ((string name, int value) in files)
        {
            tree.AddFile($"{folder}/sriov_{name}", string.Create(CultureInfo.InvariantCulture, $"{value}\n"));
        }

        for (int index = 0; index < function.VirtualFunctions.Length; index++)
        {
            SysfsLink.Add(tree, folder, string.Create(CultureInfo.InvariantCulture, $"virtfn{index}"), FolderOf(function.VirtualFunctions[index]));
        }
    }

    // A virtual function's registers show neither IDs nor BARs (PCIe 6.0, 9.3.4.1.1, 9.3.4.1.11); the kernel has them from the physical function.
    private static byte[] ConfigurationOf(HostFunction function)
    {
        byte[] image = new byte[function.PortType is null ? ConfigurationSpace.ConventionalLength : ConfigurationSpace.MaxLength];
        function.ReadConfiguration(0, image);
        if (function is EndpointFunction { PhysicalFunction: not null })
        {
            BinaryPrimitives.WriteUInt32LittleEndian(image, uint.MaxValue);
            image.AsSpan(FirstBar, BarBytes).Clear();
        }

        return image;
    }

    private void AddHex(string folder, string name, uint value, int digits) =>
        tree.AddFile($"{folder}/{name}", $"0x{value.ToString($"x{digits}", CultureInfo.InvariantCulture)}\n");

    // Six BARs, the ROM, six BARs of virtual functions, and a bridge's four windows.
    private static string ResourcesOf(HostFunction function, ConfigurationSpace space)
    {
        var text = new StringBuilder();
        var bars = BarSet.FromHeader(space);
        for (int index = 0; index < 7; index++)
        {
            BarLayout? bar = function is EndpointFunction endpoint ? endpoint.Model.Layout.Bar(index) : null;
            AddResource(text, bar is null ? 0 : bars[index].Address, bar?.Length ?? 0, bar is null ? 0 : FlagsOf(bar));
        }

        for (int index = 0; index < 6; index++)
        {
            (ulong address, ulong length, ulong flags) = VirtualBar(function, index);
            AddResource(text, address, length, flags);
        }

        if (function is BridgeFunction bridge)
        {
            foreach ((BusWindows.Space window, ulong flags) in ((BusWindows.Space, ulong)[])
                [(BusWindows.Space.Io, 0x101), (BusWindows.Space.Memory32, 0x200), (BusWindows.Space.Memory64, 0x102201)])
            {
                Pci.Mapping.ByteRange range = bridge.SecondaryBus.Windows[window];
                AddResource(text, range.Offset, range.Length, range.IsEmpty ? 0 : flags);
            }

            AddResource(text, 0, 0, 0);
        }

        return text.ToString();
    }

    // From the first virtual function's BAR to the end of the last's.
    private static (ulong Address, ulong Length, ulong Flags) VirtualBar(HostFunction function, int index)
    {
        if (function is not EndpointFunction { VirtualFunctions: [var first, ..] all } || first.Model.Layout.Bar(index) is not { Kind: not BarKind.Io } bar)
        {
            return default;
        }

        ulong start = BarSet.FromHeader(first.ReadConfiguration())[index].Address;
        return (start, BarSet.FromHeader(all[^1].ReadConfiguration())[index].Address - start + bar.Length, FlagsOf(bar));
    }

    // include/linux/ioport.h, and the BAR's own low bits.
    private static ulong FlagsOf(BarLayout bar) => (bar.Kind, bar.IsPrefetchable) switch
    {
        (BarKind.Io, _) => 0x40101,
        (BarKind.Memory32, false) => 0x40200,
        (BarKind.Memory32, true) => 0x42208,
        (_, false) => 0x140204,
        (_, true) => 0x14220C,
    };

    private static void AddResource(StringBuilder text, ulong address, ulong length, ulong flags) => text.Append(CultureInfo.InvariantCulture,
        $"0x{(length == 0 ? 0 : address):x16} 0x{(length == 0 ? 0 : address + length - 1):x16} 0x{(length == 0 ? 0 : flags):x16}\n");
}
