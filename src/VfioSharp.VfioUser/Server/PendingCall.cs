using System.Buffers;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Transport;

namespace VfioSharp.VfioUser.Server;

/// <summary>A command of the server's that waits for its reply.</summary>
internal sealed class PendingCall : IDisposable
{
    private readonly ManualResetEventSlim done = new();
    private byte[] buffer = [];

    /// <summary>Whether the reply is there, or never will be.</summary>
    public bool IsDone => done.IsSet;

    /// <summary>What the client says; EIO where it is gone.</summary>
    public Errno Error { get; private set; }

    /// <summary>What follows the reply's header.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>Takes the reply.</summary>
    public void Complete(in Message reply)
    {
        if (reply.Header.IsError)
        {
            Error = reply.Header.Error == 0 ? Errno.EIO : (Errno)reply.Header.Error;
        }
        else
        {
            buffer = ArrayPool<byte>.Shared.Rent(reply.Payload.Length);
            reply.Payload.CopyTo(buffer);
            Payload = buffer.AsMemory(0, reply.Payload.Length);
        }

        done.Set();
    }

    /// <summary>There will be no reply.</summary>
    public void Abandon()
    {
        Error = Errno.EIO;
        done.Set();
    }

    /// <summary>Waits for the reply; false where the time is over.</summary>
    public bool Wait(TimeSpan time) => done.Wait(time);

    /// <inheritdoc/>
    public void Dispose()
    {
        done.Dispose();
        Payload = default;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
        }
    }
}
