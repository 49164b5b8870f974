using System.Collections.Concurrent;
using VfioSharp.Devices;
using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>A server of vfio-user in bytes, on a thread of its own: it answers as that of a small function would, but where a test says otherwise.</summary>
internal sealed class RawServer : RawPeer
{
    private readonly UnixSocket other;
    private readonly Thread thread;
    private bool isConnected;

    public RawServer()
        : this(Pair())
    {
    }

    private RawServer((UnixSocket Own, UnixSocket Other) pair)
        : base(pair.Own)
    {
        other = pair.Other;
        Socket.SetReceiveTimeout(TimeSpan.Zero);
        thread = new Thread(Serve) { Name = "raw server", IsBackground = true };
        thread.Start();
    }

    /// <summary>What the function is.</summary>
    public RawShape Shape { get; init; } = new();

    /// <summary>Answers in the server's place; false where it does not want to. May be changed at any time.</summary>
    public Func<RawMessage, bool>? Instead { get; set; }

    /// <summary>What was asked, in order.</summary>
    public ConcurrentQueue<RawMessage> Requests { get; } = [];

    /// <summary>What went wrong with the test's own answers.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Connects the library's client.</summary>
    public Task<PciFunction> ConnectAsync(VfioUserClientOptions? options = null) => ConnectUntilAsync(TestContext.Current.CancellationToken, options);

    /// <summary>The same, given up when told so.</summary>
    public Task<PciFunction> ConnectUntilAsync(CancellationToken stop, VfioUserClientOptions? options = null)
    {
        isConnected = true;
        return VfioUserClient.ConnectAsync(other, "raw", options ?? new VfioUserClientOptions(), stop).Soon();
    }

    /// <summary>The client finds that this is none that it can drive, and says so.</summary>
    public async Task<string> ShouldNotConnectAsync(VfioUserClientOptions? options = null) =>
        (await Should.ThrowAsync<VfioUserProtocolException>(() => ConnectAsync(options))).Message;

    /// <summary>Replies.</summary>
    public void Answer(RawMessage request, ReadOnlySpan<byte> payload, params FileDescriptor[] files) =>
        TrySend(Message(request.Id, request.Command, payload, Reply), files);

    /// <summary>Refuses.</summary>
    public void Refuse(RawMessage request, Errno error) => TrySend(Message(request.Id, request.Command, [], Reply | ErrorFlag, (uint)error));

    /// <summary>Replies to one command with a payload of the test's, and to others as ever.</summary>
    public void AnswerTo(ushort command, Func<RawMessage, byte[]> payload, params FileDescriptor[] files) => Instead = request =>
    {
        if (request.Command != command)
        {
            return false;
        }

        Answer(request, payload(request), files);
        return true;
    };

    /// <summary>Answers as that of a small function would.</summary>
    public void AnswerHonestly(RawMessage request)
    {
        byte[]? payload = Shape.Answer(request, out FileDescriptor[] files);
        if ((request.Flags & NoReply) != 0)
        {
            return;
        }

        if (payload is not null)
        {
            Answer(request, payload, files);
        }
        else
        {
            Refuse(request, Errno.ENOTTY);
        }
    }

    public override void Dispose()
    {
        Shutdown();
        thread.Join();
        base.Dispose();
        if (!isConnected)
        {
            other.Dispose(); // else it is the client's
        }

        Shape.Dispose();
        foreach (RawMessage request in Requests)
        {
            request.Dispose();
        }

        Failure?.ShouldBeNull();
    }

    private static (UnixSocket Own, UnixSocket Other) Pair()
    {
        UnixSocket.CreatePair(out UnixSocket? own, out UnixSocket? other).ShouldBe(Errno.None);
        return (own!, other!);
    }

    private void Serve()
    {
        while (true)
        {
            RawMessage request;
            try
            {
                request = Receive();
            }
            catch (Exception exception) when (exception is ShouldAssertException or ObjectDisposedException)
            {
                return; // the client has closed, or the test is over
            }

            Requests.Enqueue(request);
            try
            {
                if (Instead?.Invoke(request) != true)
                {
                    AnswerHonestly(request);
                }
            }
            catch (Exception exception)
            {
                Failure = exception;
                Shutdown();
                return;
            }
        }
    }
}
