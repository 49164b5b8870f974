using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>
/// A bad peer costs its own connection and a line of the log: a process serves many functions, one of them is driven all the time, and others are attacked
/// in every way that is known, one after the other.
/// </summary>
[Collection(nameof(ProcessAlone))]
public class HostilePeerTests(ITestOutputHelper output)
{
    private const int Functions = 24;

    // Pools of buffers keep what was rented for a while, some for each thread. What grows with each message is found by the fuzz tests.
    private const long MaxGrowth = 64 << 20;

    // Far above what is seen; beyond it the process was stuck.
    private static readonly TimeSpan Stuck = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(Fuzz.IsLong ? 1000 : 10);

    // Where there is little time, the mode in which clients share threads stands for all; at a desk, the cases that are done in every mode.
    public static TheoryData<ServingMode> Modes => Fuzz.IsLong ? [ServingMode.Shared, ServingMode.Dedicated, ServingMode.Spinning] : [ServingMode.Shared];

    [Theory, MemberData(nameof(Modes))]
    public async Task A_bad_peer_costs_its_own_connection_and_a_line_of_the_log(ServingMode mode)
    {
        var report = new SoakReport($"{Functions} functions in one process, those attacked served {mode}");
        var faults = new List<string>();
        await using (var street = Street.Open(Functions, mode))
        {
            await Street.CheckServedAsync(street.Targets[0], TestContext.Current.CancellationToken);
            int workers = ProcessCensus.Workers;
            long heap = GC.GetTotalMemory(forceFullCollection: true);
            await using (NeighbourProbe probe = await NeighbourProbe.StartAsync(street.Neighbour.Path, TestContext.Current.CancellationToken))
            {
                await Street.CheckServedAsync(street.Targets[0], TestContext.Current.CancellationToken);
                ProcessCensus usual = ProcessCensus.Take();
                foreach (HostileCase hostile in HostileCase.All.Where(hostile => (mode == ServingMode.Shared && Fuzz.IsThorough) || hostile.InEveryMode))
                {
                    usual = await RunAsync(hostile, street, probe, usual, report, faults.Add);
                }
            }

            await CheckAtRestAsync(workers, heap, report, faults.Add);
        }

        report.Show(output);
        faults.ShouldBeEmpty();
    }

    // What is left is this case's fault, and not the next one's.
    private static async Task<ProcessCensus> RunAsync(
        HostileCase hostile, Street street, NeighbourProbe probe, ProcessCensus usual, SoakReport report, Action<string> fault)
    {
        Latencies before = await probe.MeasureAsync(Quiet);
        try
        {
            using var attack = new Attack(street);
            await Task.Factory.StartNew(() => hostile.Run(attack), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (Exception exception)
        {
            fault($"{hostile.Name}: {exception.Message}");
        }

        Latencies during = probe.Take();
        try
        {
            await Street.CheckServedAsync(street.Targets[0], TestContext.Current.CancellationToken);
        }
        catch (Exception exception)
        {
            fault($"{hostile.Name}: the function is not served any more: {exception.Message}");
        }

        Latencies after = await probe.MeasureAsync(Quiet);
        report.Add(hostile.Name, before, during, after);
        if (probe.Failure is { } failure)
        {
            fault($"{hostile.Name}: the neighbour was disturbed: {failure}");
        }

        if (during.Longest > Stuck)
        {
            fault($"{hostile.Name}: the neighbour waited for {during.Longest}");
        }

        ProcessCensus now = await ProcessCensus.SettleAsync(usual);
        if (!now.IsWithin(usual))
        {
            fault($"{hostile.Name}: something was left: {now}, where there was {usual}");
        }

        // A connection's end is seen before it is written down.
        List<string> warnings = [];
        for (int i = 0; i < 500 && warnings.Count == 0; i++)
        {
            warnings.AddRange(street.Targets.SelectMany(house => house.Log.Take()));
            if (hostile.Warning is null)
            {
                break;
            }

            await Task.Delay(warnings.Count == 0 ? 10 : 0);
        }

        bool isRight = warnings.Count <= hostile.MaxWarnings && (hostile.Warning is null || warnings.Count > 0)
            && warnings.All(line => line.StartsWith("Warning", StringComparison.Ordinal) && hostile.Costs.Any(said => line.Contains(said, StringComparison.Ordinal)));
        if (!isRight)
        {
            fault($"{hostile.Name}: the log says {warnings.Count} times: {string.Join(" / ", warnings.Distinct().Take(5))}");
        }

        foreach (string line in street.Neighbour.Log.Take())
        {
            fault($"{hostile.Name}: the neighbour's log says: {line}");
        }

        return now.IsWithin(usual) ? usual : now;
    }

    // What had to be added while peers were waited for is not kept. It is for some seconds, which a short run does not have.
    private static async Task CheckAtRestAsync(int workers, long heap, SoakReport report, Action<string> fault)
    {
        int most = ProcessCensus.Workers;
        for (int i = 0; i < 150 && Fuzz.IsLong && ProcessCensus.Workers > workers; i++)
        {
            await Task.Delay(100);
        }

        long now = GC.GetTotalMemory(forceFullCollection: true);
        report.Add($"threads that serve all: {workers} before, {most} at the end, {ProcessCensus.Workers} at rest; heap {heap >> 10} KiB before, {now >> 10} KiB at rest");
        if (Fuzz.IsLong && ProcessCensus.Workers > workers)
        {
            fault($"{ProcessCensus.Workers} threads serve, where {workers} did");
        }

        if (now - heap > MaxGrowth)
        {
            fault($"{now} bytes are kept, where {heap} were");
        }
    }
}
