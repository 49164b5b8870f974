using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Regions;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Client;

/// <summary>What a server has said of itself and its function.</summary>
internal sealed record ServedShape
{
    /// <summary>Of a server that has not said anything yet.</summary>
    public static ServedShape Nothing { get; } = new();

    /// <summary>What the server can do.</summary>
    public Capabilities Server { get; init; } = Capabilities.None;

    /// <summary>The minor number of the version that both know.</summary>
    public int Minor { get; init; }

    /// <summary>Whether the function can be reset.</summary>
    public bool CanReset { get; init; }

    /// <summary>Its regions, by index.</summary>
    public ImmutableArray<RegionDescription> Regions { get; init; } = [];

    /// <summary>The files through which regions are mapped, by index; null where one is not. Whoever has the connection disposes them.</summary>
    public ImmutableArray<FileDescriptor?> Files { get; init; } = [];

    /// <summary>Its ways of interrupting, by index.</summary>
    public ImmutableArray<VfioIrqInfo> Interrupts { get; init; } = [];

    /// <summary>Its configuration space.</summary>
    public ConfigurationSpace Configuration { get; init; } = new(ReadOnlyMemory<byte>.Empty);

    /// <summary>Whether what the server offers of a region can be mapped here, by index.</summary>
    public ImmutableArray<bool> CanMap { get; init; } = [];

    /// <summary>The same, with its files looked at.</summary>
    /// <param name="trust">Whether the server is trusted to leave them as they are.</param>
    public ServedShape Examined(bool trust) => this with
    {
        CanMap = [.. Regions.Select((region, index) => Holds(Files[index], region.FileOffset, MappableOf(index, region), trust))],
    };

    /// <summary>The function as its driver holds it.</summary>
    /// <param name="name">How messages name it.</param>
    /// <param name="options">How it is driven.</param>
    /// <param name="pageSize">The granule of mappings in bytes.</param>
    public FunctionShape ToFunction(string name, VfioUserClientOptions options, uint pageSize)
    {
        var regions = ImmutableArray.CreateBuilder<RegionShape>(Regions.Length);
        for (int index = 0; index < Regions.Length; index++)
        {
            RegionShape shape = Regions[index].ToShape(TableIn(index), pageSize, readsEmptyListAsMappable: false);
            regions.Add(CanMap[index] ? shape : shape with { Mappable = BackendRanges.None });
        }

        return new FunctionShape
        {
            Name = name,
            Regions = regions.ToImmutable(),
            Interrupts = [.. Interrupts.Select(ShapeOf)],
            Dma = new DmaLimits(options.DmaRanges, Math.Max(1, Server.PageSizes), Math.Max(1, Server.MaxDmaMaps)),
            Isolation = options.Isolation,
            TableRule = options.TableRule,
            PageSize = pageSize,
            CanReset = CanReset,
            Events = options.Events ?? EventLoop.Shared,
        };
    }

    private static InterruptShape ShapeOf(VfioIrqInfo info) => new(
        (info.flags & VfioIrqInfo.VFIO_IRQ_INFO_EVENTFD) == 0 ? 0 : (int)info.count, (info.flags & VfioIrqInfo.VFIO_IRQ_INFO_NORESIZE) == 0);

    private ByteRange? TableIn(int region) =>
        Configuration.Capabilities.Msix is { } msix && msix.TableBar == region ? new ByteRange(msix.TableOffset, msix.TableLength) : null;

    private ImmutableArray<ByteRange> MappableOf(int index, RegionDescription region) =>
        region.FindMappable(TableIn(index), (ulong)Environment.SystemPageSize, readsEmptyListAsMappable: false);

    // What could become shorter under a mapping of it would end this process.
    private static bool Holds(FileDescriptor? file, ulong fileOffset, ImmutableArray<ByteRange> ranges, bool trust) =>
        file is not null && fileOffset % (ulong)Environment.SystemPageSize == 0 && (trust || PeerMemory.Seal(file))
        && ranges.All(range => fileOffset <= long.MaxValue - range.End && PeerMemory.Holds(file, fileOffset + range.Offset, range.Length));
}
