using VfioSharp.Devices;
using VfioSharp.Devices.Emulation;
using VfioSharp.VfioUser.Tests.Hostile;

namespace VfioSharp.VfioUser.Tests.Fuzzing;

/// <summary>A function that is served to clients who say anything, and what the process must not lose by them.</summary>
internal sealed class FuzzRig : IAsyncDisposable
{
    private const long MaxGrowth = 32 << 20; // beside what pools keep for a while

    private readonly string folder = Directory.CreateTempSubdirectory("vfiosharp").FullName;
    private readonly EmulatedFunction function;
    private readonly VfioUserServer server;
    private ProcessCensus usual;
    private long heap;

    public FuzzRig(EmulatedFunction function, ServingMode mode)
    {
        this.function = function;
        function.Faulted += (_, _) => { }; // what its author does wrong is his affair
        var options = new VfioUserServerOptions { Mode = mode, Logger = Log, Limits = new VfioUserLimits { ReplyTime = TimeSpan.FromMilliseconds(20) } };
        server = VfioUserServer.Listen(System.IO.Path.Combine(folder, "socket"), options);
        _ = server.ServeAsync(function);
    }

    public SoakLog Log { get; } = new();

    public string Path => server.Path;

    /// <summary>How many messages the server has worked off.</summary>
    public long Messages => server.Statistics.Messages;

    /// <summary>How many clients it has turned away.</summary>
    public long Faults => server.Statistics.Faults;

    /// <summary>Takes note of what the process has, when it has served somebody.</summary>
    public async Task BeginAsync()
    {
        await ServeAsync();
        usual = ProcessCensus.Take();
        heap = GC.GetTotalMemory(forceFullCollection: true);
    }

    /// <summary>Another client is served, nothing was kept, and the log tells of no defect.</summary>
    /// <returns>What was seen, for people.</returns>
    public async Task<string> EndAsync()
    {
        await ServeAsync();
        ProcessCensus now = await ProcessCensus.SettleAsync(usual);
        now.IsWithin(usual).ShouldBeTrue($"something was left: {now}, where there was {usual}");
        long kept = GC.GetTotalMemory(forceFullCollection: true);
        (kept - heap).ShouldBeLessThan(MaxGrowth);
        CheckLog();
        server.Statistics.Clients.ShouldBeGreaterThan(0);
        return $"{Messages} messages of {server.Statistics.Clients} clients, {Faults} turned away; heap {heap >> 10} KiB before, {kept >> 10} KiB after; {now}";
    }

    /// <summary>The log tells of no defect, for now.</summary>
    public void CheckLog() => Log.Take().Where(line => !line.StartsWith("Warning", StringComparison.Ordinal)).ShouldBeEmpty();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private async Task ServeAsync()
    {
        await using PciFunction client = await VfioUserClient.ConnectAsync(Path, new VfioUserClientOptions { WaitForServer = TimeSpan.FromSeconds(30) }, TestContext.Current.CancellationToken);
        client.Configuration.Read().VendorId.ShouldBe(function.Layout.Identity.VendorId);
    }
}
