using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Tests.Dma;

/// <summary>A function that notes what memory it is shown, and fails where an IOMMU would.</summary>
internal sealed class RecordingFunction(DmaLimits limits) : PciFunction(Describe(limits))
{
    private int inside;

    /// <summary>What it is shown now.</summary>
    public List<DmaRegion> Mapped { get; } = [];

    /// <summary>What was taken from it.</summary>
    public List<DmaRegion> Unmapped { get; } = [];

    /// <summary>Called before memory is shown or taken away.</summary>
    public Action<DmaRegion>? OnMap { get; set; }

    /// <inheritdoc cref="OnMap"/>
    public Action<DmaRegion>? OnUnmap { get; set; }

    public static RecordingFunction Create(ulong pageSizes = 0x1000, int maxMappings = int.MaxValue, params IovaRange[] ranges) =>
        new(new DmaLimits(ranges.Length != 0 ? [.. ranges] : [Range(0, 0xfedf_ffff), Range(0xfef0_0000, ulong.MaxValue)], pageSizes, maxMappings));

    public static IovaRange Range(ulong first, ulong last) => new(new Iova(first), new Iova(last));

    /// <summary>Lets it be asked again after a hook has thrown.</summary>
    public void Reset() => Leave();

    internal override void MapDmaCore(in DmaRegion region)
    {
        Enter();
        OnMap?.Invoke(region);
        ulong first = region.Iova.Value;
        ulong last = first + (region.Length - 1);
        Mapped.Any(other => first <= other.Iova.Value + (other.Length - 1) && other.Iova.Value <= last).ShouldBeFalse($"{region} overlaps");
        Mapped.Add(region);
        Leave();
    }

    internal override void UnmapDmaCore(in DmaRegion region)
    {
        Enter();
        OnUnmap?.Invoke(region);
        Iova iova = region.Iova;
        Mapped.RemoveAll(other => other.Iova == iova).ShouldBe(1);
        Unmapped.Add(region);
        Leave();
    }

    internal override bool ReadRegionCore(int region, ulong offset, Span<byte> data)
    {
        data.Clear();
        return true;
    }

    internal override bool WriteRegionCore(int region, ulong offset, ReadOnlySpan<byte> data) => true;

    internal override void MapRegionCore(int region, ByteRange range, nint address) => throw new NotSupportedException();

    internal override void EnableInterruptsCore(InterruptKind kind, int start, ReadOnlySpan<EventFd?> triggers) => throw new NotSupportedException();

    internal override void DisableInterruptsCore(InterruptKind kind) => throw new NotSupportedException();

    internal override void UnmaskIntxCore() => throw new NotSupportedException();

    internal override ValueTask ResetCore(CancellationToken stop) => throw new NotSupportedException();

    internal override ValueTask CloseCore() => ValueTask.CompletedTask;

    private static FunctionShape Describe(DmaLimits limits) => new()
    {
        Name = "0000:01:00.0",
        Regions = [.. Enumerable.Repeat(RegionShape.Absent, RegionIndex.Configuration), new RegionShape(256, true, true, ImmutableArray<ByteRange>.Empty)],
        Interrupts = [],
        Dma = limits,
        Isolation = IsolationVerdict.Isolated,
        Events = null!,
    };

    private void Enter() => Interlocked.Exchange(ref inside, 1).ShouldBe(0, "a backend is asked one thing at a time");

    private void Leave() => Volatile.Write(ref inside, 0);
}
