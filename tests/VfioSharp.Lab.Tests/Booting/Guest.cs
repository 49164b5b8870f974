using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Lab.Tests.Results;

namespace VfioSharp.Lab.Tests.Booting;

/// <summary>
/// A machine that runs a scenario. The console goes to a file; results come, and the host's words go, through the second serial port,
/// for that is the one channel that every kernel and architecture of the lab has without a PCI function.
/// </summary>
internal sealed class Guest : IAsyncDisposable
{
    private readonly Machine machine;
    private readonly string scenario;
    private readonly string folder;
    private readonly string sockets;
    private readonly Emulator emulator;
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private readonly CancellationTokenSource limit;
    private readonly List<GuestResult> results = [];
    private readonly List<string> strangeLines = [];
    private readonly Channel<string> signals = Channel.CreateUnbounded<string>();
    private NetworkStream? channel;
    private Task reading = Task.CompletedTask;
    private bool ended;

    private Guest(Machine machine, string scenario, string folder, string sockets, Emulator emulator, CancellationToken stop)
    {
        this.machine = machine;
        this.scenario = scenario;
        this.folder = folder;
        this.sockets = sockets;
        this.emulator = emulator;
        limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(machine.TimeLimit);
    }

    /// <summary>Where the machine itself can be changed.</summary>
    public QmpClient Qmp { get; private set; } = null!;

    public static async Task<Guest> StartAsync(LabManifest manifest, Machine machine, string scenario, IReadOnlyList<string> words, CancellationToken stop)
    {
        Kernel kernel = manifest.Find(machine.Kernel, machine.Architecture)!;
        string initRamFs = InitRamFs.For(manifest, kernel, machine.HasLspci);
        string folder = Path.Combine(Checkout.LabFolder, "logs", machine.FolderName(scenario, words));
        Directory.CreateDirectory(folder);

        // A socket's path is short by law (sun_path, 108 bytes).
        string sockets = Directory.CreateTempSubdirectory("lab").FullName;
        using Socket results = Listen(Path.Combine(sockets, "results"));
        using Socket control = Listen(Path.Combine(sockets, "control"));
        string[] command =
        [
            .. manifest.Qemu[machine.Architecture], .. machine.Arguments(),
            "-kernel", kernel.Image, "-initrd", initRamFs, "-append", machine.KernelCommandLine(scenario, words),
            "-chardev", $"file,id=console,path={Path.Combine(folder, "console.log")}", "-serial", "chardev:console",
            "-chardev", $"socket,id=results,path={Path.Combine(sockets, "results")}", "-serial", "chardev:results",
            "-chardev", $"socket,id=control,path={Path.Combine(sockets, "control")}", "-mon", "chardev=control,mode=control",
        ];
        await File.WriteAllTextAsync(Path.Combine(folder, "qemu.txt"), string.Join(' ', command.Select(Quote)) + "\n", stop);
        File.Delete(Path.Combine(folder, "console.log"));

        var guest = new Guest(machine, scenario, folder, sockets, Emulator.Start(command, machine.Folder), stop);
        try
        {
            Task<Socket> resultsOpen = results.AcceptAsync(guest.limit.Token).AsTask();
            Task<Socket> controlOpen = control.AcceptAsync(guest.limit.Token).AsTask();
            if (await Task.WhenAny(Task.WhenAll(resultsOpen, controlOpen), guest.emulator.Ended) == guest.emulator.Ended)
                throw new InvalidOperationException($"{machine}: QEMU did not start: {(await guest.emulator.WaitAsync(stop)).Text}");
            guest.channel = new NetworkStream(await resultsOpen, ownsSocket: true);
            guest.reading = guest.ReadAsync();
            guest.Qmp = await QmpClient.OpenAsync(await controlOpen, guest.limit.Token);
            return guest;
        }
        catch
        {
            await guest.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the guest says that it has come to a point; signals of other names that come before are dropped.</summary>
    public async Task WaitForSignalAsync(string name)
    {
        try
        {
            while (await signals.Reader.ReadAsync(limit.Token) != name)
            {
            }
        }
        catch (Exception e) when (e is ChannelClosedException or OperationCanceledException)
        {
            throw new InvalidOperationException($"{machine}: no signal '{name}'\n{Result(null, "").Describe()}", e);
        }
    }

    /// <summary>Sends the guest a line, for which it waits.</summary>
    public async Task SendLineAsync(string line) => await channel!.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), limit.Token);

    /// <summary>Kills QEMU, which has no time to say good-bye to anybody.</summary>
    public void Kill() => emulator.Kill();

    /// <summary>Waits for power off and gives everything that was seen; of a machine that ran into its time limit, what it said until then.</summary>
    public async Task<GuestRun> CompleteAsync(CancellationToken stop = default)
    {
        int? status = null;
        string text = "";
        try
        {
            (status, text) = await emulator.WaitAsync(limit.Token);
            await reading;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            text = $"ended after {machine.TimeLimit.TotalSeconds:0} s, its time limit";
        }

        GuestRun run = Result(status, text);
        await File.WriteAllLinesAsync(Path.Combine(folder, "results.txt"), run.Results.Select(result => result.ToString()), stop);
        return run;
    }

    public async ValueTask DisposeAsync()
    {
        await emulator.DisposeAsync();
        if (Qmp is not null)
            await Qmp.DisposeAsync();
        if (channel is not null)
            await channel.DisposeAsync();
        await reading;
        limit.Dispose();
        Directory.Delete(sockets, recursive: true);
    }

    private static Socket Listen(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen();
        return socket;
    }

    private static string Quote(string word) => word.All(c => char.IsAsciiLetterOrDigit(c) || "-_=,./:+".Contains(c)) ? word : $"'{word}'";

    private GuestRun Result(int? status, string text)
    {
        lock (results)
            return new(machine, scenario, [.. results], [.. strangeLines], ended, status, text, Path.Combine(folder, "console.log"), watch.Elapsed);
    }

    private async Task ReadAsync()
    {
        using var reader = new StreamReader(channel!, Encoding.UTF8, leaveOpen: true);
        try
        {
            while (await reader.ReadLineAsync() is { } line)
                Take(GuestLine.Parse(line), line);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The machine is gone.
        }

        signals.Writer.TryComplete();
    }

    private void Take(GuestLine parsed, string line)
    {
        lock (results)
        {
            if (parsed.Result is { } result)
                results.Add(result);
            else if (parsed.Signal is { } signal)
                signals.Writer.TryWrite(signal);
            else if (parsed.IsEnd)
                ended = true;
            else
                strangeLines.Add(line);
        }
    }
}
