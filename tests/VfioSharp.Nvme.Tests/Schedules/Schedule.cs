using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Controller;
using VfioSharp.Nvme.Driver;
using VfioSharp.Testing.Faults;
using VfioSharp.Testing.Guards;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser;

namespace VfioSharp.Nvme.Tests.Schedules;

/// <summary>The driver against the controller once, with faults, all by one seed.</summary>
internal sealed class Schedule
{
    /// <summary>What takes longer hangs: far more than all time-outs of the driver together.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The longest transfer of a command in bytes.</summary>
    public const int MaxTransfer = 16 * 1024;

    private const int Blocks = 192;
    private const int BufferLength = 5 * 4096;

    private readonly FuzzRandom random;
    private readonly BlockModel model;
    private readonly int blockSize;
    private FunctionFaults? inside;
    private FaultyFunction? outside;

    public Schedule(ulong seed)
    {
        random = new FuzzRandom(seed);
        Plan = SchedulePlan.Make(random);
        blockSize = random.OneIn(4) ? 4096 : 512;
        model = new BlockModel(Blocks / (blockSize / 512), blockSize);
    }

    public SchedulePlan Plan { get; }

    /// <summary>How many commands ended, and how many of them well.</summary>
    public (int Ended, int Succeeded) Commands { get; private set; }

    /// <summary>How often something went wrong by the plan.</summary>
    public long Faults => (inside?.Log.Count ?? 0) + (outside?.Log.Count ?? 0);

    public string Log => $"{inside?.Log}\n{outside?.Log}";

    /// <summary>Runs it; throws where something is not as it must be.</summary>
    /// <param name="socket">Where to serve the controller; null to join both in one process.</param>
    public async Task RunAsync(string? socket)
    {
        using NvmeNamespace space = NvmeNamespace.InMemory((long)Blocks * 512, blockSize);
        await using var controller = new NvmeController(new NvmeControllerOptions
        {
            Namespaces = [space],
            IoQueues = 3,
            Doorbells = random.OneIn(2) ? NvmeDoorbells.Trapped : NvmeDoorbells.Mapped,
            MsixTable = random.OneIn(2) ? MsixTableLocation.Own : MsixTableLocation.Shared,
        });
        inside = FunctionFaults.Inject(controller, Plan.Faults);
        await using VfioUserServer? server = socket is null ? null : VfioUserServer.Listen(socket);
        _ = server?.ServeAsync(controller);
        GuardedFunction guarded = GuardedFunction.Wrap(await OpenAsync(controller, socket));
        await using (outside = FaultyFunction.Wrap(guarded, Plan.Faults))
        {
            await DriveAsync(outside).WaitAsync(3 * Patience);
        }

        if (Plan.IsHonest)
        {
            guarded.Check(); // a command that was altered on its way may say to write beyond a buffer
        }

        if (Plan.IsHonest && !inside.IsRemoved && !outside.Log.Read().Any(record => record.Action == FaultAction.Remove))
        {
            inside.Strays.ShouldBeEmpty();
        }

        // Whatever was done to it, the controller works for the next driver, and holds what it was given.
        inside.Restore();
        inside.Dispose();
        GuardedFunction again = GuardedFunction.Wrap(await OpenAsync(controller, socket));
        await using (again)
        {
            await ReadAllAsync(again).WaitAsync(Patience);
        }

        again.Check();
    }

    private static async Task<PciFunction> OpenAsync(NvmeController controller, string? socket) =>
        socket is null ? Loopback.Attach(controller) : await VfioUserClient.ConnectAsync(socket).AsTask().WaitAsync(Patience);

    private async Task DriveAsync(PciFunction function)
    {
        NvmeDriver driver;
        try
        {
            driver = await NvmeDriver.OpenAsync(function, new NvmeDriverOptions
            {
                MaxQueues = 2,
                UseInterrupts = !random.OneIn(5),
                UseShadowDoorbells = random.OneIn(2),
                IoTimeout = Plan.Faults.Rules.IsEmpty ? Patience : TimeSpan.FromMilliseconds(60),
                AdminTimeout = Plan.Faults.Rules.IsEmpty ? Patience : TimeSpan.FromMilliseconds(150),
                ReadyTimeout = TimeSpan.FromSeconds(2),
                MaxTransferLength = MaxTransfer,
            });
        }
        catch (PciException)
        {
            Plan.Faults.Rules.ShouldNotBeEmpty(); // said, and nothing went wrong by itself
            return;
        }

        await using (driver)
        {
            int workers = 1 + random.Below(2);
            int own = (Blocks / (blockSize / 512)) / workers;
            FuzzRandom[] seeds = [.. Enumerable.Range(0, workers).Select(_ => new FuzzRandom(random.Next()))];
            await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(() => WorkAsync(driver, function, worker * own, own, seeds[worker]))));
            if (Plan.Faults.Rules.IsEmpty)
            {
                driver.IsRunning.ShouldBeTrue();
            }
        }
    }

    private async Task WorkAsync(NvmeDriver driver, PciFunction function, int first, int count, FuzzRandom dice)
    {
        var worker = new ScheduleWorker(driver.Namespaces[0], model, first, count, Plan.IsHonest);
        try
        {
            NvmeCompletionMode mode = dice.Pick(NvmeCompletionMode.Interrupt, NvmeCompletionMode.Interrupt, NvmeCompletionMode.Thread, NvmeCompletionMode.Caller);
            using DmaBuffer buffer = function.Dma.Allocate(BufferLength + (4 * dice.Below(100)));
            await using NvmeQueue queue = await driver.CreateQueueAsync(
                new NvmeQueueOptions { Depth = 1 + dice.Below(6), Completion = mode, ContinueInline = dice.OneIn(4) }).AsTask().WaitAsync(Patience);
            int commands = 4 + dice.Below(12);
            if (queue.Completion == NvmeCompletionMode.Caller)
            {
                worker.Poll(queue, buffer, dice, commands);
            }
            else
            {
                await worker.AwaitAsync(queue, buffer, dice, commands);
            }
        }
        catch (Exception exception) when (exception is PciException or ObjectDisposedException)
        {
            Plan.Faults.Rules.ShouldNotBeEmpty(exception.ToString());
        }

        lock (model)
        {
            Commands = (Commands.Ended + worker.Ended, Commands.Succeeded + worker.Succeeded);
        }
    }

    private async Task ReadAllAsync(PciFunction function)
    {
        await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, new NvmeDriverOptions { MaxQueues = 1, IoTimeout = Patience, AdminTimeout = Patience });
        await using NvmeQueue queue = await driver.CreateQueueAsync();
        NvmeNamespaceInfo target = driver.Namespaces[0];
        using DmaBuffer buffer = function.Dma.Allocate(8 * blockSize);
        for (int block = 0; block < (int)target.BlockCount; block += 8)
        {
            await queue.ReadAsync(target, (ulong)block, 8, buffer);
            if (Plan.IsHonest)
            {
                model.Read(block, 8, buffer.Span);
            }
        }
    }
}
