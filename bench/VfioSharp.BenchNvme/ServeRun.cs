using System.Runtime.InteropServices;
using VfioSharp.Nvme.Controller;
using VfioSharp.VfioUser;

namespace VfioSharp.BenchNvme;

/// <summary>Serves our controller, with one namespace, until SIGTERM.</summary>
internal static class ServeRun
{
    /// <summary>Says "ready" when it listens, and at each SIGHUP how many bytes were allocated until now.</summary>
    public static async Task RunAsync(string socket, NvmeNamespace medium, bool isTrapped)
    {
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        using PosixSignalRegistration report = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            Console.WriteLine(GC.GetTotalAllocatedBytes(precise: true));
        });
        using NvmeNamespace space = medium;
        await using var controller = new NvmeController(new NvmeControllerOptions
        {
            Namespaces = [space],
            Polling = NvmePolling.Spin, // as SPDK does
            Doorbells = isTrapped ? NvmeDoorbells.Trapped : NvmeDoorbells.Mapped,
        });
        await using VfioUserServer server = VfioUserServer.Listen(socket, new VfioUserServerOptions { TrustPeerMemory = true });
        Task serving = server.ServeAsync(controller, stop.Token);
        Console.WriteLine("ready");
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
