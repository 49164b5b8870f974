using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Testing;

/// <summary>
/// An open function with something between it and its driver, which does not know. Takes the function over: disposing this disposes it. Wrapped before
/// anything is allocated, mapped or enabled on it; from then on only this is used.
/// </summary>
public abstract class FunctionDecorator : PciFunction
{
    private readonly PciFunction inner;
    private CancellationTokenRegistration removing;

    internal FunctionDecorator(PciFunction inner, FunctionShape shape)
        : base(shape) => this.inner = inner;

    /// <summary>What is wrapped.</summary>
    internal PciFunction Inner => inner;

    /// <summary>Hears of the function's end from now on. The last thing that a derived class does to make itself.</summary>
    internal void Follow() => removing = inner.Removing.UnsafeRegister(static self => ((FunctionDecorator)self!).OnRemoving(), this);

    /// <inheritdoc/>
    internal override bool ReadRegionCore(int region, ulong offset, Span<byte> data) => Answers(!inner.IsLost && inner.ReadRegionCore(region, offset, data));

    /// <inheritdoc/>
    internal override bool WriteRegionCore(int region, ulong offset, ReadOnlySpan<byte> data) =>
        Answers(!inner.IsLost && inner.WriteRegionCore(region, offset, data));

    /// <inheritdoc/>
    internal override void MapRegionCore(int region, ByteRange range, nint address) => inner.MapRegionCore(region, range, address);

    /// <inheritdoc/>
    internal override void EnableInterruptsCore(InterruptKind kind, int start, ReadOnlySpan<EventFd?> triggers) =>
        inner.EnableInterruptsCore(kind, start, triggers);

    /// <inheritdoc/>
    internal override void DisableInterruptsCore(InterruptKind kind) => inner.DisableInterruptsCore(kind);

    /// <inheritdoc/>
    internal override void UnmaskIntxCore() => inner.UnmaskIntxCore();

    /// <inheritdoc/>
    internal override ValueTask ResetCore(CancellationToken stop) => inner.ResetCore(stop);

    /// <inheritdoc/>
    internal override void MapDmaCore(in DmaRegion region) => inner.MapDmaCore(region);

    /// <inheritdoc/>
    internal override void UnmapDmaCore(in DmaRegion region) => inner.UnmapDmaCore(region);

    /// <inheritdoc/>
    internal override async ValueTask CloseCore()
    {
        await removing.DisposeAsync().ConfigureAwait(false);
        await inner.DisposeAsync().ConfigureAwait(false);
    }

    private void OnRemoving()
    {
        if (inner.IsLost)
        {
            Lose();
        }
        else
        {
            RequestRemoval();
        }
    }

    // One that was asked for first and lost later is found out by asking it.
    private bool Answers(bool answer)
    {
        if (!answer && inner.IsLost)
        {
            Lose();
        }

        return answer;
    }
}
