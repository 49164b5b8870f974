using System.Diagnostics;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Pci.Mapping;
using VfioSharp.VfioUser;
using VfioSharp.VirtualHost;
using VfioSharp.VirtualHost.Planning;
using Host = VfioSharp.VirtualHost.VirtualHost;

namespace VfioSharp.Cli.Demo;

/// <summary>What doorbells beside the MSI-X table cost on one host.</summary>
/// <param name="Name">The host.</param>
/// <param name="Decision">What was decided of the table's page.</param>
/// <param name="Messages">How many messages went to the process that has the function, for all writes and reads.</param>
/// <param name="Write">Nanoseconds of a write.</param>
/// <param name="Read">Nanoseconds of a read.</param>
internal sealed record DoorbellRun(string Name, MsixTableDecision Decision, long Messages, double Write, double Read)
{
    private const int WarmUps = 10;

    /// <summary>Puts the function on a host, serves it, and drives it from here.</summary>
    /// <param name="name">The host's name, for the report.</param>
    /// <param name="options">The host.</param>
    /// <param name="folder">For the socket.</param>
    /// <param name="times">How many writes, and how many reads.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="InvalidOperationException">The function did not see what was written.</exception>
    public static async Task<DoorbellRun> OnAsync(string name, VirtualHostOptions options, string folder, int times, CancellationToken stop)
    {
        var function = new DoorbellFunction();
        var port = new BridgePlan(1, 0, BridgeKind.RootPort) { Slots = [new FunctionPlan(0, 0, "doorbells") { Driver = FunctionDriver.VfioPci }] };
        Host.Create(options, new HostPlan { HostBridges = [new HostBridgePlan { Slots = [port] }] }, _ => function);
        await using VfioUserServer server = VfioUserServer.Listen(Path.Combine(folder, $"{options.Bridge}{options.AdvertisedOnly}.sock"));
        _ = server.ServeAsync(function, stop);
        await using PciFunction driver = await VfioUserClient.ConnectAsync(server.Path, null, stop).ConfigureAwait(false);
        using Bar bar = driver.MapBar(0);
        for (int i = 0; i < WarmUps; i++)
        {
            Measure(bar.Registers, times / WarmUps, stop);
        }

        long before = server.Statistics.Messages;
        (double write, double read) = Measure(bar.Registers, times, stop);
        long messages = server.Statistics.Messages - before;
        return function.Rung == times
            ? new DoorbellRun(name, server.Decisions.Single(decision => decision.Question.Table is not null), messages, write, read)
            : throw new InvalidOperationException($"the function sees {function.Rung} at its doorbell, where {times} was written");
    }

    private static (double Write, double Read) Measure(Registers registers, int times, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        long start = Stopwatch.GetTimestamp();
        for (int i = 1; i <= times; i++)
        {
            registers.Write32(DoorbellFunction.Doorbell, (uint)i);
        }

        double write = Stopwatch.GetElapsedTime(start).TotalNanoseconds / times;
        start = Stopwatch.GetTimestamp();
        uint last = 0;
        for (int i = 0; i < times; i++)
        {
            last = registers.Read32(DoorbellFunction.Doorbell);
        }

        double read = Stopwatch.GetElapsedTime(start).TotalNanoseconds / times;
        return last == times ? (write, read) : throw new InvalidOperationException($"the doorbell reads {last}, where {times} was written");
    }
}
