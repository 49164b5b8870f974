using System.Diagnostics;
using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Linux;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>
/// <c>unplug FUNCTION Group|IommuFd host|operator</c>: uses a function in every way at once while it is taken away, by the host that is told
/// <c>loaded</c>, or by an operator of this one who unbinds it.
/// </summary>
internal sealed class UnplugScenario : IScenario
{
    private const int Rounds = 50;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public async Task RunAsync(GuestReport report, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        PciAddress address = PciAddress.Parse(arguments[0]);
        var backend = Enum.Parse<VfioBackend>(arguments[1]);
        bool byHost = arguments[2] == "host";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);

        Binder.Bind(address);

        PciFunction function = await Vfio.OpenAsync(address, new VfioOptions { Backend = backend }, limit.Token);
        using UnplugLoad load = await UnplugLoad.StartAsync(function, limit.Token);
        await load.WarmUpAsync(Rounds, limit.Token);
        report.Observe("before", ("read", load.LastRead), ("removing", function.Removing.IsCancellationRequested));

        var watch = Stopwatch.StartNew();
        using Process? operation = byHost ? null : Unbind(address);
        report.Signal("loaded");
        await WaitAsync(function.Removing, limit.Token);
        report.Observe("removing", ("milliseconds", watch.ElapsedMilliseconds));

        foreach (UnplugWorker worker in load.Workers.Where(worker => worker.Name is "interrupts" or "idle"))
        {
            report.Observe("wait", ("worker", worker.Name), ("rounds", worker.Rounds), ("end", await worker.EndAsync(limit.Token)));
        }

        // The kernel waits, and the rest goes on while the function is closed under it.
        string folder = $"/sys/bus/pci/devices/{address}";
        bool present = operation is null ? Path.Exists(folder) : !operation.HasExited;
        report.Observe("kept", ("present", present), ("read", load.LastRead), ("isLost", function.IsLost));
        await function.DisposeAsync();
        await Task.Delay(100, limit.Token);
        report.Observe("late", ("running", load.Workers.Single(worker => worker.Name == "registers").IsRunning), ("read", load.LastRead));
        load.Stop();
        foreach (UnplugWorker worker in load.Workers.Where(worker => worker.Name is "registers" or "memory"))
        {
            report.Observe("use", ("worker", worker.Name), ("rounds", worker.Rounds), ("end", await worker.EndAsync(limit.Token)));
        }

        load.WriteScratch();
        report.Observe("last", ("scratch", load.Registers.Read32(load.Scratch)), ("isLost", function.IsLost));

        while (operation is null ? Path.Exists(folder) : !operation.HasExited)
        {
            await Task.Delay(10, limit.Token);
        }

        if (byHost)
        {
            // The slot's power goes off after the kernel has forgotten the function: a machine that is off by then never tells its host.
            await report.WaitForHostAsync(limit.Token);
        }

        report.Observe("gone", ("milliseconds", watch.ElapsedMilliseconds), ("operation", operation?.ExitCode));
    }

    private static Process Unbind(PciAddress address) => Process.Start(
        "/bin/sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"echo {address} > /sys/bus/pci/devices/{address}/driver/unbind")]);

    private static async Task WaitAsync(CancellationToken token, CancellationToken giveUp)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = token.Register(cancelled.SetResult);
        await cancelled.Task.WaitAsync(giveUp);
    }
}
