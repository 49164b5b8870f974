using System.Collections.Immutable;
using System.Threading.Channels;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Nvme.Spec;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Nvme.Driver;

/// <summary>
/// A controller as it is driven: started, stopped when it fails, started again. What reaches memory is stopped before anything that was under way is
/// told to have ended.
/// </summary>
/// <remarks>
/// <see cref="change"/> is held by whoever makes or deletes queues, starts or ends: those wait for commands. Stopping takes no lock but
/// <see cref="gate"/>, for a moment, so that it ends the commands that others wait for.
/// </remarks>
internal sealed partial class DriverCore : IAsyncDisposable
{
    private readonly PciFunction function;
    private readonly NvmeDriverOptions options;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim change = new(1, 1);
    private readonly Channel<NvmeEvent> events = Channel.CreateBounded<NvmeEvent>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Bar bar;
    private readonly ControllerAccess access;
    private readonly AdminQueue admin;
    private readonly DmaBuffer page;
    private readonly ControllerSurvey survey;
    private readonly AsyncEvents asyncEvents;
    private ImmutableArray<NvmeQueue> queues = [];
    private ImmutableArray<VectorLoop> vectors = [];
    private MsixVectors? interrupts;
    private ShadowDoorbells? shadow;
    private CancellationTokenRegistration removing;
    private Task quiet = Task.CompletedTask;
    private Task recovery = Task.CompletedTask;
    private QueueState state = QueueState.Held;
    private bool disposed;

    private DriverCore(PciFunction function, NvmeDriverOptions options, Bar bar)
    {
        this.function = function;
        this.options = options;
        this.bar = bar;
        Failures = new CommandFailures(function);
        access = new ControllerAccess(function, bar.Registers, Failures, options.ReadyTimeout);
        QueueDoorbells doorbells = access.DoorbellsOf(0);
        page = function.Dma.Allocate(access.PageSize, new DmaOptions { Alignment = (ulong)access.PageSize });
        try
        {
            admin = new AdminQueue(new QueuePair(QueueGeometry.Admin(access.PageSize), Dma, doorbells, Failures), Distrust);
        }
        catch
        {
            page.Dispose();
            throw;
        }

        admin.Pair.Hold(QueueState.Held);
        survey = new ControllerSurvey(access, admin, Failures);
        asyncEvents = new AsyncEvents(this, admin);
        watchdog = new Watchdog(options.IoTimeout < options.AdminTimeout ? options.IoTimeout : options.AdminTimeout);
    }

    /// <summary>What the controller said of itself when it was started last.</summary>
    public NvmeControllerInfo Controller { get; private set; } = null!;

    public ImmutableArray<NvmeNamespaceInfo> Namespaces { get; private set; } = [];

    public ChannelReader<NvmeEvent> Events => events.Reader;

    /// <summary>The function's memory.</summary>
    public DmaSpace Dma => function.Dma;

    public CommandFailures Failures { get; }

    public QueueState State
    {
        get
        {
            lock (gate)
            {
                return state;
            }
        }
    }

    private IEnumerable<QueuePair> Pairs => queues.Select(queue => queue.Pair).Prepend(admin.Pair);

    /// <inheritdoc cref="NvmeDriver.OpenAsync"/>
    public static async ValueTask<DriverCore> OpenAsync(PciFunction function, NvmeDriverOptions options, CancellationToken stop)
    {
        ClassCode code = function.Configuration.Read().ClassCode;
        if (code != new ClassCode(0x01, 0x08, 0x02))
        {
            throw function.IsLost ? new CommandFailures(function).Lost("open") : new ArgumentException(
                $"{function.Name} is of class {code}, no NVMe controller (010802)", nameof(function));
        }

        Bar bar = function.MapBar(0);
        DriverCore core;
        try
        {
            core = new DriverCore(function, options, bar);
        }
        catch
        {
            bar.Dispose();
            throw;
        }

        try
        {
            await core.StartAsync(stop).ConfigureAwait(false);
            return core;
        }
        catch
        {
            await core.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Tells of something.</summary>
    public void Report(NvmeEventKind kind, string message, uint value = 0) => events.Writer.TryWrite(new NvmeEvent(kind, message, value));

    /// <summary>Does something with the controller's page, while nobody starts, ends, or changes queues.</summary>
    public async ValueTask<T> UsePageAsync<T>(Func<AdminQueue, DmaBuffer, ValueTask<T>> use, CancellationToken stop)
    {
        await change.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            ThrowIfNotRunning("ask the controller");
            return await use(admin, page).ConfigureAwait(false);
        }
        finally
        {
            change.Release();
        }
    }

    /// <summary>Reads the namespaces anew.</summary>
    public async ValueTask RescanAsync(CancellationToken stop) => Namespaces = await UsePageAsync(
        (_, buffer) => survey.ReadNamespacesAsync(buffer, Controller.NamespaceLimit), stop).ConfigureAwait(false);

    /// <summary>Ends it: queues deleted, the controller shut down and off, memory given back.</summary>
    public async ValueTask DisposeAsync()
    {
        await change.WaitAsync().ConfigureAwait(false);
        try
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
            await removing.DisposeAsync().ConfigureAwait(false);
            foreach (NvmeQueue queue in queues)
            {
                await RemoveLockedAsync(queue).ConfigureAwait(false);
            }

            await TurnOffAsync().ConfigureAwait(false);
            await watchdog.DisposeAsync().ConfigureAwait(false);
            interrupts?.Dispose();
            shadow?.Dispose();
            page.Dispose();
            admin.Pair.Dispose();
            bar.Dispose();
            events.Writer.TryComplete();
        }
        finally
        {
            // Others may wait for it, to find that nothing can be done any more: so it is not disposed, which it need not be.
            change.Release();
        }
    }

    private async ValueTask TurnOffAsync()
    {
        bool isTrusted = State == QueueState.Running;
        if (isTrusted)
        {
            try
            {
                await access.ShutDownAsync().ConfigureAwait(false);
            }
            catch (PciException)
            {
                isTrusted = false;
            }
        }

        Task last;
        lock (gate)
        {
            state = QueueState.Closed;
            last = quiet;
        }

        await last.ConfigureAwait(false);
        await access.StopAsync(isTrusted).ConfigureAwait(false);
        admin.Pair.Hold(QueueState.Closed);
        admin.Pair.End(NvmeStatus.AbortedByHost);
    }

    private async ValueTask StartAsync(CancellationToken stop)
    {
        watchdog.Start(Tick);
        removing = function.Removing.UnsafeRegister(static core => ((DriverCore)core!).Lose(), this);
        await MakeReadyAsync(stop).ConfigureAwait(false);
        if (options.UseInterrupts && function.MsixVectorCount > 0)
        {
            interrupts = await function.EnableMsixAsync(Math.Min(function.MsixVectorCount, options.MaxQueues + 1), stop).ConfigureAwait(false);
            vectors = [.. interrupts.Select(vector => new VectorLoop(vector))];
            vectors[0].Add(admin.Look);
            admin.HasInterrupt = true;
            foreach (VectorLoop vector in vectors)
            {
                vector.Start();
            }
        }
        else
        {
            // Without it some controllers believe that somebody listens to the legacy line.
            function.Configuration.SetCommand(PciCommand.InterruptDisable, true);
        }

        await BringUpAsync(stop).ConfigureAwait(false);
        SetRunning();
    }

    // Off, by its own reset or the function's, and on the bus.
    private async ValueTask MakeReadyAsync(CancellationToken stop)
    {
        try
        {
            await access.DisableAsync(stop).ConfigureAwait(false);
        }
        catch (NvmeException)
        {
            try
            {
                await function.ResetAsync(stop).ConfigureAwait(false);
            }
            catch (NotSupportedException)
            {
                // What the controller does not do itself nobody can do for it.
            }

            await access.DisableAsync(stop).ConfigureAwait(false);
        }

        function.Configuration.SetCommand(PciCommand.MemorySpace | PciCommand.BusMaster, true);
    }

    private async ValueTask BringUpAsync(CancellationToken stop)
    {
        admin.Pair.Restart();
        await access.EnableAsync(admin.Pair, stop).ConfigureAwait(false);
        admin.Pair.Resume();
        NvmeControllerInfo said = await survey.ReadControllerAsync(page, options.MaxTransferLength).ConfigureAwait(false);
        if (Controller is { } before && (before.SerialNumber != said.SerialNumber || before.Model != said.Model || before.MaxTransferLength != said.MaxTransferLength))
        {
            throw Failures.Nonsense("reset", $"before its reset it was {before.Model} {before.SerialNumber}, now it is {said.Model} {said.SerialNumber}, or moves other lengths");
        }

        uint wanted = (uint)options.MaxQueues - 1;
        uint granted = await admin.SetFeatureAsync(FeatureId.NumberOfQueues, wanted | (wanted << 16)).ConfigureAwait(false);
        uint count = Math.Min(Math.Min(granted & 0xFFFF, granted >> 16) + 1, (uint)options.MaxQueues);
        bool isMapped = bar.Mapped.Any(range => ControllerRegister.Doorbells - range.Offset < range.Length);
        bool isShadowed = !isMapped && options.UseShadowDoorbells && said.CanShadowDoorbells && await ShadowAsync().ConfigureAwait(false);
        Controller = said with { QueueCount = (int)count, VectorCount = vectors.Length, DoorbellsMapped = isMapped, UsesShadowDoorbells = isShadowed };
        Namespaces = await survey.ReadNamespacesAsync(page, said.NamespaceLimit).ConfigureAwait(false);
        await asyncEvents.StartAsync(said.AsyncEventLimit).ConfigureAwait(false);
    }

    private async ValueTask<bool> ShadowAsync()
    {
        shadow ??= new ShadowDoorbells(Dma, access.PageSize);
        shadow.Clear();
        CompletionEntry end = await admin.SendAsync(new SubmissionEntry
        {
            Opcode = (byte)AdminOpcode.DoorbellBufferConfig,
            Prp1 = shadow.Values.Value,
            Prp2 = shadow.Events.Value,
        }).ConfigureAwait(false);

        // Where it refuses what it has promised, doorbells are written as ever.
        return end.Status == NvmeStatus.Success;
    }

    private void SetRunning()
    {
        lock (gate)
        {
            if (state != QueueState.Held || !quiet.IsCompleted)
            {
                throw state == QueueState.Lost ? Failures.Lost("start") : Failures.Failed("start");
            }

            state = QueueState.Running;
        }
    }

    private void ThrowIfNotRunning(string operation)
    {
        ObjectDisposedException.ThrowIf(disposed, typeof(NvmeDriver));
        switch (State)
        {
            case QueueState.Running:
                break;
            case QueueState.Lost:
                throw Failures.Lost(operation);
            default:
                throw Failures.Failed(operation);
        }
    }
}
