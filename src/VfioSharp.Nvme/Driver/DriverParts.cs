using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Nvme.Driver;

/// <summary>What a driver of a controller is made of, and the state that it is in.</summary>
/// <remarks>
/// <see cref="change"/> is held by whoever makes or deletes queues, starts or ends: those wait for commands. Stopping takes no lock but
/// <see cref="gate"/>, for a moment, so that it ends the commands that others wait for.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "Given back by the driver that is made of it.")]
internal abstract class DriverParts
{
    protected readonly PciFunction function;
    protected readonly NvmeDriverOptions options;
    protected readonly Lock gate = new();
    protected readonly SemaphoreSlim change = new(1, 1);
    protected readonly Channel<NvmeEvent> events = Channel.CreateBounded<NvmeEvent>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest });
    protected readonly Bar bar;
    protected readonly ControllerAccess access;
    protected readonly AdminQueue admin;
    protected readonly DmaBuffer page;
    protected readonly ControllerSurvey survey;
    protected readonly Watchdog watchdog;
    protected ImmutableArray<NvmeQueue> queues = [];
    protected ImmutableArray<VectorLoop> vectors = [];
    protected MsixVectors? interrupts;
    protected ShadowDoorbells? shadow;
    protected CancellationTokenRegistration removing;
    protected Task quiet = Task.CompletedTask;
    protected Task recovery = Task.CompletedTask;
    protected QueueState state = QueueState.Held;
    protected bool disposed;

    protected DriverParts(PciFunction function, NvmeDriverOptions options, Bar bar)
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
        watchdog = new Watchdog(options.IoTimeout < options.AdminTimeout ? options.IoTimeout : options.AdminTimeout);
    }

    /// <summary>What the controller said of itself when it was started last.</summary>
    public NvmeControllerInfo Controller { get; protected set; } = null!;

    public ImmutableArray<NvmeNamespaceInfo> Namespaces { get; protected set; } = [];

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

    protected IEnumerable<QueuePair> Pairs => queues.Select(queue => queue.Pair).Prepend(admin.Pair);

    /// <summary>Tells of something.</summary>
    public void Report(NvmeEventKind kind, string message, uint value = 0) => events.Writer.TryWrite(new NvmeEvent(kind, message, value));

    /// <summary>The controller did what none may: it is stopped, kept from memory, and not started again unless somebody asks for that.</summary>
    /// <param name="what">What it did, as what follows "the controller".</param>
    public void Distrust(string what) => Stop($"the controller {what}, and cannot be trusted any more", restart: false);

    /// <summary>Stops the controller, ends what is under way, and starts it again where that is wanted. From any thread, with no lock held.</summary>
    /// <param name="reason">Why, as a sentence without its end.</param>
    /// <param name="restart">Whether it is to be started again; else it is not to be believed any more.</param>
    protected abstract void Stop(string reason, bool restart);

    /// <summary>Ends when the controller that was stopped last reaches no memory any more.</summary>
    protected Task Quiet()
    {
        lock (gate)
        {
            return quiet;
        }
    }
}
