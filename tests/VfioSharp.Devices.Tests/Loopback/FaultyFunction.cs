using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Tests.Loopback;

/// <summary>A backend with one fault in front of another without any.</summary>
internal sealed class FaultyFunction(PciFunction inner, BackendFault fault) : PciFunction(inner.Shape)
{
    private readonly List<DmaRegion> regions = [];

    internal override bool ReadRegionCore(int region, ulong offset, Span<byte> data)
    {
        bool answered = inner.ReadRegionCore(region, offset, data);
        if ((fault == BackendFault.WrongVendor && region == RegionIndex.Configuration && offset == 0)
            || (fault == BackendFault.StaleRegion && region < RegionIndex.Bars)
            || (fault == BackendFault.TableShown && region < RegionIndex.Bars && data[0] == byte.MaxValue))
        {
            data[0] ^= 1;
        }

        return answered;
    }

    internal override bool WriteRegionCore(int region, ulong offset, ReadOnlySpan<byte> data) =>
        (fault == BackendFault.DroppedWrites && region < RegionIndex.Bars) || inner.WriteRegionCore(region, offset, data);

    internal override void MapRegionCore(int region, ByteRange range, nint address)
    {
        inner.MapRegionCore(region, range, address);
        if (fault == BackendFault.WrongMapping)
        {
            using MemoryFile other = MemoryFile.Create("vfiosharp-wrong", (long)range.Length, 0, out _)!;
            MappedMemory.Map(address, range.Length, other.File, 0);
        }
    }

    internal override void EnableInterruptsCore(InterruptKind kind, int start, ReadOnlySpan<EventFd?> triggers)
    {
        EventFd?[] given = [.. triggers];
        if (fault == BackendFault.SwappedVectors)
        {
            Array.Reverse(given);
        }

        if (fault != BackendFault.NeverSignals && !(fault == BackendFault.IgnoredMask && given is [null]))
        {
            inner.EnableInterruptsCore(kind, start, given);
        }

        if (fault == BackendFault.SignalsTwice)
        {
            given[0]?.Signal();
        }
    }

    internal override void DisableInterruptsCore(InterruptKind kind) => inner.DisableInterruptsCore(kind);

    internal override void UnmaskIntxCore()
    {
        if (fault != BackendFault.ForgottenLine)
        {
            inner.UnmaskIntxCore();
        }
    }

    internal override async ValueTask ResetCore(CancellationToken stop)
    {
        if (fault != BackendFault.NoReset)
        {
            await inner.ResetCore(stop);
        }

        if (fault == BackendFault.ResetForgetsVectors)
        {
            inner.DisableInterruptsCore(InterruptKind.Msix);
        }

        if (fault == BackendFault.ResetForgetsMemory)
        {
            regions.ForEach(region => inner.UnmapDmaCore(region));
        }
    }

    internal override void MapDmaCore(in DmaRegion region)
    {
        regions.Add(region);
        inner.MapDmaCore(fault == BackendFault.WrongAddress ? region with { Iova = region.Iova + (1UL << 40) } : region);
    }

    internal override void UnmapDmaCore(in DmaRegion region)
    {
        regions.Remove(region);
        if (fault != BackendFault.ForgottenUnmap)
        {
            inner.UnmapDmaCore(region);
        }
    }

    internal override ValueTask CloseCore() => inner.DisposeAsync();
}
