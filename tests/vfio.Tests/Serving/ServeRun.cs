using System.Text.RegularExpressions;

namespace VfioSharp.Cli.Tests.Serving;

/// <summary><c>vfio serve</c>, or <c>vfio host --serve</c>, in this process, while it serves.</summary>
internal sealed partial class ServeRun : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource stop = new();
    private readonly LineWriter output = new();
    private readonly LineWriter error = new();
    private readonly Task<ExitStatus> command;

    private ServeRun(string[] arguments) =>
        command = Task.Factory.StartNew(
            () => Cli.Run(arguments, output, error, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Serves, and waits until it is ready at the last of its sockets.</summary>
    public static Task<ServeRun> StartAsync(params string[] arguments)
    {
        int last = Array.FindLastIndex(arguments, word => word is "--socket" or "--socket-path" or "--fd");
        string where = arguments[last] == "--fd" ? $"descriptor {arguments[last + 1]}" : arguments[last + 1];
        return StartAsync(["serve", .. arguments], $"ready: {arguments[0]} at {where}");
    }

    /// <summary>Serves the functions of a virtual host, and waits until the last of them is.</summary>
    public static Task<ServeRun> HostAsync(string folder, string last, params string[] arguments) =>
        StartAsync(["host", "--serve", folder, .. arguments], $"ready: {last} at {Path.Combine(folder, last)}.sock");

    /// <summary>Waits until the log holds this.</summary>
    public async Task WaitForLogAsync(string text)
    {
        using var patience = new CancellationTokenSource(Patience);
        await error.WaitForAsync(text, patience.Token);
    }

    /// <summary>Stops it, and tells what it printed.</summary>
    public async Task<CliRun> StopAsync()
    {
        await stop.CancelAsync();
        ExitStatus status = await command.WaitAsync(Patience);
        return new CliRun((int)status, output.ToString(), error.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stop.Dispose();
    }

    /// <summary>What it logged, but for what is another each time: the time of day, the client's process, the folder.</summary>
    public static string Plain(string log, string folder) =>
        ClientProcess().Replace(TimeOfDay().Replace(log, ""), "process 1234").Replace(folder, "/run", StringComparison.Ordinal);

    private static async Task<ServeRun> StartAsync(string[] arguments, string line)
    {
        var run = new ServeRun(arguments);
        using var patience = new CancellationTokenSource(Patience);
        Task ready = run.output.WaitForAsync(line + "\n", patience.Token);
        (await Task.WhenAny(ready, run.command)).ShouldBe(ready, run.error.ToString());
        await ready;
        return run;
    }

    [GeneratedRegex(@"^\d\d:\d\d:\d\d\.\d\d\d ", RegexOptions.Multiline)]
    private static partial Regex TimeOfDay();

    [GeneratedRegex(@"process \d+")]
    private static partial Regex ClientProcess();
}
