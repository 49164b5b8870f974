using System.Collections.Immutable;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Joining;
using VfioSharp.Devices.Regions;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Vfio;

/// <summary>The rules by which the host's vfio-pci gives functions away (drivers/vfio/vfio_iommu_type1.c, drivers/vfio/pci/vfio_pci_core.c).</summary>
internal static class VfioPci
{
    /// <summary>Whether a function may be given to a client.</summary>
    /// <exception cref="PciException">It may not; the message says why, and what to do.</exception>
    public static void CheckOpen(VirtualHost host, EndpointFunction function)
    {
        const string Operation = "open";
        if (function.Driver != FunctionDriver.VfioPci)
        {
            throw new DeviceBusyException(Operation, function.Driver == FunctionDriver.Native
                ? $"a driver of the host's holds {function.Address}: bind it to vfio-pci first"
                : $"nothing holds {function.Address}: bind it to vfio-pci first", function.Address, (int)Errno.EBUSY);
        }

        if (function.Group is not { } group)
        {
            throw new PciException(Operation, $"{function.Address} is in no IOMMU group, for nothing translates its DMA: vfio-pci needs an IOMMU", function.Address, (int)Errno.ENODEV);
        }

        if (!group.IsViable)
        {
            EndpointFunction other = group.Members.OfType<EndpointFunction>().First(member => member.Driver == FunctionDriver.Native);
            throw new DeviceBusyException(Operation, $"{group} of {function.Address} is not viable: a driver of the host's holds {other.Address}; bind that to vfio-pci too, or to nothing",
                function.Address, (int)Errno.EPERM);
        }

        // The kernel's question, which is not always the truth; on Power it asks none.
        if (host.Platform.KernelTakesForIsolated == false && !host.Options.AllowsUnsafeInterrupts)
        {
            throw new MsiIsolationException(Operation,
                $"{group} of {function.Address} is not isolated: {host.Judge(function).Reason}; vfio-pci attaches it only with allow_unsafe_interrupts=1", function.Address, (int)Errno.EPERM);
        }
    }

    /// <summary>Gives a function to a driver in this process.</summary>
    public static PciFunction Open(VirtualHost host, EndpointFunction function, OpenOptions options)
    {
        bool isMappable = host.Options.Dialect == VfioDialect.PatchSeries && function.Bus.HasIsolatedMsis;
        return Loopback.Join(function.Model, port => new LoopbackFunction(port, Shape(host, function, port, options), hidesTable: !isMappable));
    }

    /// <summary>What vfio-pci says of a BAR (VFIO_DEVICE_GET_REGION_INFO), in the host's dialect.</summary>
    public static byte[] DescribeRegion(VirtualHost host, EndpointFunction function, int index)
    {
        FunctionLayout layout = function.Model.Layout;
        ulong length = layout.Bar(index)?.Length ?? 0;
        ImmutableArray<ByteRange> memory = function.Model.Core.Bars.StoreOf(index)?.Mappable ?? [];
        var whole = new ByteRange(0, length);

        // A function in software may have registers that are no memory: they are left out, as areas, in every dialect.
        ImmutableArray<ByteRange>? areas = memory is [var only] && only == whole ? null : memory;
        if (memory.IsEmpty || TableOf(layout, index) is not { } table)
        {
            return RegionInfoWriter.Write(index, length, !memory.IsEmpty, areas);
        }

        ImmutableArray<ByteRange> around = Intersect(memory, BackendRanges.AroundTable(whole, table, (ulong)Environment.SystemPageSize));
        return host.Options.Dialect switch
        {
            VfioDialect.MsixMappable => RegionInfoWriter.Write(index, length, true, areas, isMsixMappable: true),
            VfioDialect.PatchSeries when function.Bus.HasIsolatedMsis => RegionInfoWriter.Write(index, length, true, areas, hasEmptyList: true),
            VfioDialect.Silent when areas is null => RegionInfoWriter.Write(index, length, true),
            _ => RegionInfoWriter.Write(index, length, !around.IsEmpty, around),
        };
    }

    private static FunctionShape Shape(VirtualHost host, EndpointFunction function, FunctionPort port, OpenOptions options)
    {
        FunctionLayout layout = function.Model.Layout;
        UnitCondition condition = host.Promise(function);
        var regions = ImmutableArray.CreateBuilder<RegionShape>(RegionIndex.Count);
        for (int index = 0; index < RegionIndex.Bars; index++)
        {
            regions.Add(RegionDescription.Read(DescribeRegion(host, function, index))
                .ToShape(TableOf(layout, index), (ulong)Environment.SystemPageSize, options.ReadsPatchSeries));
        }

        regions.Add(RegionShape.Absent);
        regions.Add(new RegionShape((ulong)port.Core.ConfigurationLength, true, true, []));
        return new FunctionShape
        {
            Name = function.Address.ToString(),
            Address = function.Address,
            Regions = regions.ToImmutable(),
            Interrupts =
            [
                new InterruptShape(port.VectorCount(InterruptKind.Intx), false),
                new InterruptShape(port.VectorCount(InterruptKind.Msi), false),
                new InterruptShape(port.VectorCount(InterruptKind.Msix), true),
            ],
            Dma = new DmaLimits(host.Platform.DmaRanges, (ulong)Environment.SystemPageSize, int.MaxValue),
            Isolation = condition.IsIsolating ? IsolationVerdict.Isolated : IsolationVerdict.NotIsolated,
            IsolationAdvice = host.Options.Advice,
            TableRule = options.TableRule,
            CanReset = true,
            Events = options.Events ?? EventLoop.Shared,
        };
    }

    private static ByteRange? TableOf(FunctionLayout layout, int bar) =>
        layout.MsixPlacement is { } msix && msix.TableBar == bar ? new ByteRange(msix.TableOffset, msix.Capability.TableLength) : null;

    private static ImmutableArray<ByteRange> Intersect(ImmutableArray<ByteRange> some, ImmutableArray<ByteRange> others) =>
        [.. some.SelectMany(one => others.Select(other => one.Intersect(other))).Where(range => !range.IsEmpty)];
}
