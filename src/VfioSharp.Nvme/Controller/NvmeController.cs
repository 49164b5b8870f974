using VfioSharp.Devices.Emulation;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>
/// An NVMe controller in software (NVM Express Base 2.0, PCIe Transport 1.0, NVM Command Set 1.0), to be served or joined to a driver. It polls its doorbells with a
/// thread of its own while it is enabled.
/// </summary>
public sealed class NvmeController : EmulatedFunction, IAsyncDisposable
{
    private readonly ControllerCounters counters = new();
    private readonly NvmeControllerOptions options;
    private readonly DoorbellBank doorbells;
    private readonly ControllerWorker worker;
    private int isDisposed;

    /// <summary>Makes a controller, not enabled.</summary>
    /// <param name="options">What it is made of.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    /// <exception cref="ObjectDisposedException">A namespace is disposed.</exception>
    public NvmeController(NvmeControllerOptions options)
        : base(ControllerLayout.Of(options))
    {
        this.options = options;
        BarMemory? mapped = options.Doorbells == NvmeDoorbells.Mapped ? MemoryOf(ControllerLayout.RegisterBar, ControllerLayout.Doorbells(options)) : null;
        doorbells = new DoorbellBank(mapped, options.IoQueues + 1);
        var engine = new ControllerEngine(options, Memory, doorbells, counters, Raise);
        worker = new ControllerWorker(options, engine, counters, exception => Report("process commands", exception));
        foreach (NvmeNamespace each in options.Namespaces)
        {
            each.Enter();
        }
    }

    /// <summary>What it is made of.</summary>
    public NvmeControllerOptions Options => options;

    /// <summary>Whether it polls: it does not while it is not enabled, has failed or was shut down.</summary>
    internal bool IsPolling => !worker.IsParked;

    /// <summary>What it has done. Any thread.</summary>
    public NvmeControllerStatistics ReadStatistics() => counters.Read();

    /// <summary>Stops it: what it was told is done or not, and its registers answer no more commands. The namespaces stay.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref isDisposed, 1) == 0)
        {
            await worker.StopAsync().ConfigureAwait(false);
            foreach (NvmeNamespace each in options.Namespaces)
            {
                each.Leave();
            }
        }
    }

    /// <inheritdoc/>
    protected override ulong OnRead(int bar, ulong offset, int width)
    {
        if (bar != ControllerLayout.RegisterBar || offset >= ControllerRegister.Doorbells)
        {
            return 0; // doorbells are only written
        }

        return worker.Read(offset & ~7UL) >> (8 * (int)(offset & 7));
    }

    /// <inheritdoc/>
    protected override void OnWrite(int bar, ulong offset, int width, ulong value)
    {
        // Registers are written as they are wide, and those of 64 bits by halves too (3.1.3); what else is done to them has no meaning.
        if (bar != ControllerLayout.RegisterBar || width < sizeof(uint))
        {
            return;
        }

        for (int at = 0; at < width; at += sizeof(uint))
        {
            Write(offset + (ulong)at, (uint)(value >> (8 * at)));
        }
    }

    /// <inheritdoc/>
    protected override ValueTask ResetAsync(CancellationToken cancellationToken)
    {
        worker.Reset();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    protected override ValueTask QuiesceAsync(CancellationToken cancellationToken) => new(worker.PauseAsync().WaitAsync(cancellationToken));

    /// <inheritdoc/>
    protected override void OnResume() => worker.Resume();

    private void Write(ulong offset, uint value)
    {
        if (offset < ControllerRegister.Doorbells)
        {
            worker.Write(offset, value);
        }
        else if (doorbells.TryRing(offset - ControllerRegister.Doorbells, value))
        {
            counters.DoorbellsTrapped++;
            worker.Ring();
        }
    }
}
