using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Devices;

/// <summary>
/// A PCI function that this process drives: a host's through VFIO, another process's over a vfio-user socket, or a model in this process. Whoever
/// opened it disposes it; the function is then quiet, and what was derived from it (BARs, buffers, vectors) is at its end too.
/// </summary>
/// <remarks>
/// <para>Members may be called from any thread. Registers are reached by synchronous calls, also from inside an inline interrupt continuation.</para>
/// <para>A function that is removed or breaks: <see cref="Removing"/> is cancelled, waits end with <see cref="DeviceLostException"/>, registers read
/// as all ones and take no writes, as those of an absent function do.</para>
/// </remarks>
public abstract class PciFunction : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly List<BarAperture> apertures = [];
    private readonly CancellationTokenSource removing = new();
    private InterruptSet? interrupts;
    private volatile bool lost;
    private volatile bool closed;
    private bool disposed;

    internal PciFunction(FunctionShape shape)
    {
        Shape = shape;
        Configuration = new ConfigurationRegisters(this);
        Dma = new DmaSpace(this, shape.Dma);
    }

    /// <summary>How messages name the function: its address (<c>0000:01:00.0</c>), or the path of its socket.</summary>
    public string Name => Shape.Name;

    /// <summary>The function's address on this host; null where it has none.</summary>
    public PciAddress? Address => Shape.Address;

    /// <summary>Its configuration space.</summary>
    public ConfigurationRegisters Configuration { get; }

    /// <summary>Its BARs, with the lengths that the backend gives them.</summary>
    public BarSet Bars => Facts.Bars;

    /// <summary>Where its MSI-X table and pending bit array lie; null where it has no MSI-X.</summary>
    public MsixGeometry? Msix => Facts.Msix;

    /// <summary>Whether the MSIs of its group are isolated.</summary>
    public IsolationVerdict Isolation => Shape.Isolation;

    /// <summary>Its view of memory.</summary>
    public DmaSpace Dma { get; }

    /// <summary>How many vectors each way of interrupting has; 0 where the function or its backend does not have it.</summary>
    public int MsixVectorCount => Shape.Interrupt(InterruptKind.Msix).Count;

    /// <inheritdoc cref="MsixVectorCount"/>
    public int MsiVectorCount => Shape.Interrupt(InterruptKind.Msi).Count;

    /// <summary>Whether the function has a legacy interrupt line.</summary>
    public bool HasIntx => Shape.Interrupt(InterruptKind.Intx).Count > 0;

    /// <summary>
    /// Cancelled when the function is asked for (an operator unbinds it), reports an unrecoverable error, or is gone. Stop using the function and
    /// dispose it: the kernel waits for that.
    /// </summary>
    public CancellationToken Removing => removing.Token;

    /// <summary>Whether the function is gone: not merely asked for, but closed or no longer answering.</summary>
    public bool IsLost => lost || closed;

    internal FunctionShape Shape { get; }

    private FunctionFacts Facts => field ??= new FunctionFacts(Shape, Configuration.Read());

    /// <summary>Held whenever the backend's interrupt members are called. Backends may lose the function under it, so nobody waits for another thread.</summary>
    internal Lock InterruptGate => gate;

    /// <summary>Gives access to a BAR: its pages mapped where the backend and the decision allow it, the rest through the backend.</summary>
    /// <param name="index">0 to 5; the lower half's for a 64-bit BAR.</param>
    /// <returns>The BAR; dispose it when done. The same BAR can be mapped more than once.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is not 0 to 5.</exception>
    /// <exception cref="ArgumentException">The function has no such BAR.</exception>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    /// <exception cref="PciException">The backend refuses a mapping that it had offered.</exception>
    public Bar MapBar(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, RegionIndex.Bars);
        ThrowIfGone("map a BAR");
        BarResource resource = Bars[index];
        if (!resource.IsImplemented || resource.Length == 0)
        {
            throw new ArgumentException($"{Name} has no BAR {index}", nameof(index));
        }

        MsixTableDecision decision = Facts.Decide(resource);
        lock (gate)
        {
            ThrowIfGone("map a BAR");
            BarAperture aperture = BarAperture.Create(resource.Length, Shape.PageSize);
            try
            {
                foreach (ByteRange range in decision.Mapped)
                {
                    MapRegionCore(index, range, aperture.AddressOf(range));
                    aperture.Add(range);
                }
            }
            catch
            {
                aperture.Substitute();
                throw;
            }

            apertures.Add(aperture);
            return new Bar(this, resource, decision, aperture);
        }
    }

    /// <summary>Turns MSI-X on with the first <paramref name="count"/> vectors.</summary>
    /// <param name="count">1 to <see cref="MsixVectorCount"/>.</param>
    /// <param name="stop">Gives up before anything is changed.</param>
    /// <returns>The vectors; disposing them turns MSI-X off.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The function interrupts in another way already: dispose that first.</exception>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    /// <exception cref="PciException">The kernel refuses, or has no vectors left.</exception>
    public ValueTask<MsixVectors> EnableMsixAsync(int count, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Enable(InterruptKind.Msix, count, static (function, count) => new MsixVectors(function, count)));
    }

    /// <summary>Turns MSI on with <paramref name="count"/> vectors.</summary>
    /// <param name="count">1 to <see cref="MsiVectorCount"/>; a power of two on most hosts.</param>
    /// <param name="stop">Gives up before anything is changed.</param>
    /// <inheritdoc cref="EnableMsixAsync"/>
    public ValueTask<MsiVectors> EnableMsiAsync(int count, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Enable(InterruptKind.Msi, count, static (function, count) => new MsiVectors(function, count)));
    }

    /// <summary>Takes the legacy interrupt line. It is masked whenever it fires, until <see cref="IntxLine.Unmask"/>.</summary>
    /// <param name="stop">Gives up before anything is changed.</param>
    /// <returns>The line; disposing it turns it off.</returns>
    /// <inheritdoc cref="EnableMsixAsync" path="/exception"/>
    public ValueTask<IntxLine> EnableIntxAsync(CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Enable(InterruptKind.Intx, 1, static (function, _) => new IntxLine(function)));
    }

    /// <summary>
    /// Resets the function alone. Its registers are at their defaults afterwards; interrupts stay enabled as they were, bus mastering is on again.
    /// </summary>
    /// <param name="stop">Gives up before the reset starts.</param>
    /// <exception cref="NotSupportedException">The function cannot be reset by itself; some backends offer a hot reset.</exception>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    /// <exception cref="PciException">The reset failed.</exception>
    public async ValueTask ResetAsync(CancellationToken stop = default)
    {
        ThrowIfGone("reset");
        if (!Shape.CanReset)
        {
            throw new NotSupportedException($"{Name} cannot be reset by itself");
        }

        await ResetCore(stop).ConfigureAwait(false);
        Configuration.SetCommand(PciCommand.BusMaster | PciCommand.MemorySpace, true);
    }

    /// <summary>Ends the use of the function: interrupts off, bus mastering off, registers all ones, mappings and memory no longer its own.</summary>
    /// <remarks>A second call returns at once, also while the first is still at work.</remarks>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
        {
            return;
        }

        // First the function sends nothing more, then nobody reaches it, then what it could reach is taken away.
        try
        {
            Configuration.SetCommand(PciCommand.BusMaster, false);
            lock (gate)
            {
                closed = true;
                interrupts?.End();
                SubstituteMappings();
            }

            Dma.Close();
        }
        finally
        {
            await CloseCore().ConfigureAwait(false);
            interrupts?.Close();
            GC.SuppressFinalize(this);
        }
    }

    /// <summary>Fails the way every member does once the function is gone.</summary>
    internal void ThrowIfGone(string operation)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        if (lost)
        {
            throw Lost(operation);
        }
    }

    internal DeviceLostException Lost(string operation) =>
        new(operation, $"{Name} is gone: it was removed or stopped answering. Dispose it; open it again when it is back.", Address);

    /// <summary>Reads a region through the backend; all ones where the function is gone or does not answer.</summary>
    internal void ReadRegion(int region, ulong offset, Span<byte> data)
    {
        if (IsLost || !ReadRegionCore(region, offset, data))
        {
            data.Fill(byte.MaxValue);
        }
    }

    /// <summary>Writes a region through the backend; dropped where the function is gone or does not answer.</summary>
    internal void WriteRegion(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        if (!IsLost)
        {
            WriteRegionCore(region, offset, data);
        }
    }

    /// <summary>For backends: somebody wants the function back. It still answers until it is disposed or lost.</summary>
    internal void RequestRemoval()
    {
        // Callbacks first, for they may want a last word with the function; then whoever waits learns of it.
        try
        {
            removing.Cancel();
        }
        catch (AggregateException)
        {
            // A callback that fails must not keep the others from ending, nor end the thread that brings the news.
        }

        lock (gate)
        {
            interrupts?.Fail(Lost("wait"));
        }
    }

    /// <summary>For backends: the function does not answer any more.</summary>
    internal void Lose()
    {
        lock (gate)
        {
            if (lost || closed)
            {
                return;
            }

            lost = true;
            SubstituteMappings();
        }

        if (gate.IsHeldByCurrentThread || Dma.IsHeldByCurrentThread || Configuration.IsHeldByCurrentThread)
        {
            // A backend call made under a lock found out; the callbacks of others must not run under it.
            ThreadPool.UnsafeQueueUserWorkItem(static function => function.RequestRemoval(), this, preferLocal: false);
        }
        else
        {
            RequestRemoval();
        }
    }

    internal void Release(InterruptSet set)
    {
        lock (gate)
        {
            set.End();
            if (ReferenceEquals(interrupts, set))
            {
                interrupts = null;
                if (!closed && !lost)
                {
                    DisableInterruptsCore(set.Kind);
                }
            }
        }
    }

    internal void Release(BarAperture aperture)
    {
        lock (gate)
        {
            aperture.Substitute();
            apertures.Remove(aperture);
        }
    }

    /// <summary>Whether any BAR is mapped, so that memory decoding must stay on.</summary>
    internal bool HasMappings
    {
        get
        {
            lock (gate)
            {
                return apertures.Exists(aperture => aperture.IsMapped);
            }
        }
    }

    /// <summary>Reads; false where the function does not answer, having called <see cref="Lose"/> if it never will again.</summary>
    internal abstract bool ReadRegionCore(int region, ulong offset, Span<byte> data);

    /// <summary>Writes; false as for reads.</summary>
    internal abstract bool WriteRegionCore(int region, ulong offset, ReadOnlySpan<byte> data);

    /// <summary>Maps part of a region over the reserved address; the range lies in <see cref="RegionShape.Mappable"/>, its start is page-aligned.</summary>
    /// <exception cref="PciException">It cannot be mapped.</exception>
    internal abstract void MapRegionCore(int region, ByteRange range, nint address);

    /// <summary>
    /// Gives vectors <paramref name="start"/> and up their eventfds, enabling what is not enabled; null takes a vector's away. Vectors outside the
    /// range keep theirs. Never called concurrently.
    /// </summary>
    /// <exception cref="PciException">The kernel or the peer refuses.</exception>
    internal abstract void EnableInterruptsCore(InterruptKind kind, int start, ReadOnlySpan<EventFd?> triggers);

    /// <summary>Turns a way of interrupting off, all its vectors.</summary>
    internal abstract void DisableInterruptsCore(InterruptKind kind);

    /// <summary>Lets the legacy line fire again.</summary>
    internal abstract void UnmaskIntxCore();

    /// <summary>Resets the function.</summary>
    internal abstract ValueTask ResetCore(CancellationToken stop);

    /// <summary>Shows memory to the function.</summary>
    /// <exception cref="PciException">It cannot be shown; the message tells of limits that were hit.</exception>
    internal abstract void MapDmaCore(in DmaRegion region);

    /// <summary>Takes memory away; once this returns the function reaches it no more. Does not throw when the function is gone.</summary>
    internal abstract void UnmapDmaCore(in DmaRegion region);

    /// <summary>Closes what the backend holds.</summary>
    internal abstract ValueTask CloseCore();

    private T Enable<T>(InterruptKind kind, int count, Func<PciFunction, int, T> make)
        where T : InterruptSet
    {
        int available = Shape.Interrupt(kind).Count;
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (count > available)
        {
            throw new ArgumentOutOfRangeException(nameof(count), count, $"{Name} has {available} {kind.Label} vectors");
        }

        lock (gate)
        {
            ThrowIfGone($"enable {kind.Label}");
            if (interrupts is { } other)
            {
                throw new InvalidOperationException($"{Name} interrupts by {other.Kind.Label} already: dispose those vectors first");
            }

            T set = make(this, count);
            set.Start();
            interrupts = set;

            // Whoever asks for the function from now on finds the set; whoever has asked did not.
            if (removing.IsCancellationRequested)
            {
                set.Fail(Lost("wait"));
            }

            return set;
        }
    }

    private void SubstituteMappings()
    {
        foreach (BarAperture aperture in apertures)
        {
            aperture.TrySubstitute();
        }
    }
}
