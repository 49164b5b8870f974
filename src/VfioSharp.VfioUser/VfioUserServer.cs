using System.Collections.Immutable;
using VfioSharp.Devices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Pci.Mapping;
using VfioSharp.VfioUser.Server;

namespace VfioSharp.VfioUser;

/// <summary>
/// Serves a PCI function written in C# to QEMU, or any other client of vfio-user, at a socket. As many as wanted in one process. One client is served at a
/// time; the function keeps its state when it leaves, and the next takes it over as it is.
/// </summary>
/// <remarks>
/// <para>A client that breaks the protocol, stalls or vanishes ends its own connection, with a line in the log. Nothing that it sends, gives or takes away
/// ends the process or keeps other functions waiting.</para>
/// <para>Interrupts go through the eventfds that the client gave. A vector is held back while it has none, while the client has masked it by a message
/// (<c>DEVICE_SET_IRQS</c>), and while its entry of the MSI-X table is masked: a client that emulates the table, as QEMU does, leaves that alone. What is
/// written to a mapped table wakes nobody: a client that unmasks there sends <c>DEVICE_SET_IRQS</c> too, which looks at pending vectors anew.</para>
/// </remarks>
public sealed class VfioUserServer : IAsyncDisposable
{
    private readonly VfioUserServerOptions options;
    private readonly SocketFile? file;
    private readonly UnixSocket socket;
    private readonly CancellationTokenSource disposing = new();
    private readonly Lock gate = new();
    private Listener? listener;
    private Task serving = Task.CompletedTask;
    private ImmutableArray<MsixTableDecision> decisions = [];
    private bool disposed;

    private VfioUserServer(VfioUserServerOptions options, SocketFile? file, UnixSocket socket, string path)
    {
        this.options = options;
        this.file = file;
        this.socket = socket;
        Path = path;
    }

    /// <summary>Where its socket is.</summary>
    public string Path { get; }

    /// <summary>What it has done until now; all zero before it serves.</summary>
    public VfioUserStatistics Statistics => Volatile.Read(ref listener)?.Statistics ?? new VfioUserStatistics { RegionReads = [.. new long[9]], RegionWrites = [.. new long[9]] };

    /// <summary>What was decided about the pages of each BAR that holds memory; empty before it serves.</summary>
    public IReadOnlyList<MsixTableDecision> Decisions => decisions;

    /// <summary>
    /// Lets this process have as many descriptors as it may, its hard limit on open files (.NET's runtime does so by itself, a program compiled ahead of time
    /// does not). A function takes one, one for each BAR that holds memory, and with a client one for each of its vectors: a program that serves many calls
    /// this first.
    /// </summary>
    /// <returns>How many it may have.</returns>
    public static long RaiseDescriptorLimit()
    {
        Machine.RaiseLimit(ResourceLimits.RLIMIT_NOFILE, out ResourceLimit limit);
        return (long)Math.Min(limit.rlim_cur, long.MaxValue);
    }

    /// <summary>Makes a socket. Who connects waits until <see cref="ServeAsync"/>.</summary>
    /// <param name="path">Where, at most 107 bytes. What a server that is no more has left there is put away.</param>
    /// <param name="options">How to serve.</param>
    /// <returns>The server; dispose it to end it and remove the socket.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="DeviceBusyException">Somebody else serves there.</exception>
    /// <exception cref="PciException">The socket cannot be made; the message says why.</exception>
    public static VfioUserServer Listen(string path, VfioUserServerOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new VfioUserServerOptions();
        options.Check();
        SocketFile file = SocketFile.Create(path, options.SocketMode);
        return new VfioUserServer(options, file, file.Socket, path);
    }

    /// <summary>Takes over a socket that listens already, from whoever started this process (<c>--fd</c> of the backend conventions).</summary>
    /// <param name="descriptor">Its number. It is the server's from now on.</param>
    /// <param name="options">How to serve; nobody's permissions are changed.</param>
    /// <exception cref="ArgumentException">It is no listening UNIX socket, or an option is out of its range.</exception>
    public static VfioUserServer FromDescriptor(int descriptor, VfioUserServerOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor);
        options ??= new VfioUserServerOptions();
        options.Check();
        UnixSocket socket = UnixSocket.FromListener(descriptor)
            ?? throw new ArgumentException($"descriptor {descriptor} is no UNIX stream socket that listens", nameof(descriptor));
        return new VfioUserServer(options, null, socket, $"descriptor {descriptor}");
    }

    /// <summary>Serves a function, one client after the other.</summary>
    /// <param name="function">The function. Nobody else drives it meanwhile.</param>
    /// <param name="stop">Ends it: the client that is there is let go of, with its memory and its eventfds. The socket stays.</param>
    /// <returns>Done when it has ended, by <paramref name="stop"/> or because the server was disposed: neither is an exception.</returns>
    /// <exception cref="InvalidOperationException">It serves already.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    /// <exception cref="PciException">The kernel watches too many descriptors already.</exception>
    public Task ServeAsync(EmulatedFunction function, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(function);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (!serving.IsCompleted)
            {
                throw new InvalidOperationException($"{Path}: a function is served there already");
            }

            var served = new Served(function, options);
            decisions = served.Decisions;
            var next = new Listener(socket, Path, served);
            next.Start();
            Volatile.Write(ref listener, next);
            return serving = ServeUntilAsync(next, stop);
        }
    }

    /// <summary>
    /// Asks the client that is served to give the function back (<c>VFIO_PCI_REQ_IRQ_INDEX</c>): a client of this library ends its waits and cancels
    /// <see cref="PciFunction.Removing"/>. Nobody is forced; one that does not say how to ask it, as QEMU 11.1's <c>vfio-user-pci</c>, is not asked.
    /// </summary>
    public void AskForRelease() => Volatile.Read(ref listener)?.AskForRelease();

    /// <summary>Ends it, waits until everything is given back, and removes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
        }

        await disposing.CancelAsync().ConfigureAwait(false);
        await serving.ConfigureAwait(false);
        file?.Dispose();
        socket.Dispose();
        disposing.Dispose();
    }

    private async Task ServeUntilAsync(Listener current, CancellationToken stop)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration byCaller = stop.UnsafeRegister(static source => ((TaskCompletionSource)source!).TrySetResult(), ended);
        using CancellationTokenRegistration byDisposal = disposing.Token.UnsafeRegister(static source => ((TaskCompletionSource)source!).TrySetResult(), ended);
        await ended.Task.ConfigureAwait(false);
        current.Stop();
        await current.Done.ConfigureAwait(false);
    }
}
