using System.Diagnostics.CodeAnalysis;
using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>How one who has connected becomes the function's client, and how it leaves: version, turn, admission.</summary>
/// <param name="served">The function.</param>
/// <param name="stream">The connection.</param>
/// <param name="calls">The server's commands on the same socket, where there is no other.</param>
/// <param name="complain">Takes what the client does wrong.</param>
/// <param name="connection">Whose it is.</param>
[SuppressMessage("Design", "CA1001", Justification = "Everything is given back when the client leaves.")]
internal sealed class Reception(Served served, MessageStream stream, ClientCalls calls, Action<string> complain, IConnection connection)
{
    private readonly VfioUserLimits limits = served.Options.Limits;
    private readonly CancellationTokenSource leaving = new();
    private Greeting? greeting;
    private volatile TwinTransport? twin;
    private bool isAdmitted;

    /// <summary>Whether the client has said its version.</summary>
    public bool HasGreeted => greeting is not null;

    /// <summary>The version that both know.</summary>
    public int Minor => greeting?.Minor ?? 0;

    /// <summary>Done when the function is free for the client, which has said its version; null before and after.</summary>
    public Task? Turn { get; private set; }

    /// <summary>Takes the client's first message.</summary>
    /// <returns>False where it cannot be served; the refusal is to be sent, where there is one.</returns>
    public bool Greet(in Message message, out string fault)
    {
        greeting = Greeting.Read(in message, out fault);
        if (greeting is null)
        {
            if (message.Header is { Command: MessageCommand.Version, WantsReply: true } header)
            {
                stream.Commit(header with { Flags = MessageFlags.Reply | MessageFlags.Error, Error = (uint)Errno.EINVAL }, 0, []);
            }

            return false;
        }

        Turn = served.Turn.WaitAsync(leaving.Token);
        return true;
    }

    /// <summary>Makes the client, whose turn it is, the function's.</summary>
    /// <exception cref="DeviceBusyException">Somebody else in this process drives the function.</exception>
    /// <exception cref="PciException">There is no descriptor left.</exception>
    public Session Admit()
    {
        isAdmitted = true;
        Turn = null;
        Capabilities client = greeting!.Client;
        UnixSocket? theirs = null;
        if (client is { TwinSocket: true, MaxMessageDescriptors: > 0 })
        {
            Errno error = UnixSocket.CreatePair(out UnixSocket? ours, out theirs);
            if (error != Errno.None)
            {
                throw new PciException("socketpair", $"this process has no descriptor left ({error})", errorNumber: (int)error);
            }

            var commands = new MessageStream(ours!, limits) { Trace = stream.Trace };
            commands.SetTimeouts(limits.SendTime, TimeSpan.Zero);
            twin = new TwinTransport(commands, calls);
        }

        using (theirs)
        {
            var memory = new ClientMemory(Math.Max(1, Math.Min(limits.MaxDataTransfer, client.MaxDataTransfer)), limits, served.Counters, (ICallTransport?)twin ?? calls);
            var session = new Session(served, stream, client, memory, complain, connection);
            Answer(client, theirs);
            return session;
        }
    }

    /// <summary>Whoever waits for the client comes back.</summary>
    public void Shutdown() => twin?.Shutdown();

    /// <summary>The client is gone: gives back what it had.</summary>
    public async Task LeaveAsync(Session? session)
    {
        twin?.Shutdown();
        try
        {
            if (session is not null)
            {
                await session.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            twin?.Dispose();
            await leaving.CancelAsync().ConfigureAwait(false);
            if (Turn is { } turn)
            {
                await turn.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                isAdmitted = turn.IsCompletedSuccessfully;
            }

            if (isAdmitted)
            {
                served.Turn.Release();
            }

            leaving.Dispose();
        }
    }

    private void Answer(Capabilities client, UnixSocket? theirs)
    {
        byte[] text = greeting!.HasCapabilities ? CapabilitiesJson.Write(
            new Capabilities
            {
                // QEMU refuses a server that says more than it says itself.
                MaxMessageDescriptors = Math.Min(limits.MaxMessageDescriptors, Math.Max(1, client.MaxMessageDescriptors)),
                MaxDataTransfer = limits.MaxDataTransfer,
                MaxDmaMaps = Math.Min(limits.MaxDmaMaps, Capabilities.DefaultMaxDmaMaps),
                PageSizes = Capabilities.DefaultPageSizes,
                WriteMultiple = true,
                TwinSocket = theirs is not null,
                TwinSocketIndex = theirs is null ? null : 0,
            },
            client) : [];
        var writer = new MessageWriter(stream.Reserve((int)NativeSize.Of<VersionHeader>() + text.Length));
        writer.Write(new VersionHeader { Major = Greeting.Major, Minor = greeting.Minor });
        writer.Write(text);
        stream.Commit(greeting.Header with { Flags = MessageFlags.Reply, Error = 0 }, writer.Length, theirs is null ? [] : [theirs.File]);

        // At once: the client's end of the pair is closed here as soon as it is on its way.
        stream.Flush(wait: true);
    }
}
