using System.Buffers;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Client;

/// <summary>A command that waits for its reply. Used again and again; guarded by the channel's lock but for its buffer, which is its caller's once it is done.</summary>
/// <param name="index">Its place among the calls that can be under way.</param>
internal sealed class ClientCall(int index)
{
    private byte[] buffer = [];
    private readonly object waiting = new(); // a monitor, to wait in
    private int generation;
    private bool isSignalled;

    /// <summary>Its place.</summary>
    public int Index => index;

    /// <summary>By which the reply is known.</summary>
    public ushort Id => (ushort)((generation << CallTable.IndexBits) | index);

    /// <summary>What was asked.</summary>
    public MessageCommand Command { get; private set; }

    /// <summary>Whether the reply is there, or never will be.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether the reply is there.</summary>
    public bool IsReplied { get; private set; }

    /// <summary>Whether the reply is awaited, so that nobody receives it but the event loop.</summary>
    public TaskCompletionSource? Awaited { get; private set; }

    /// <summary>What the server says.</summary>
    public Errno Error { get; private set; }

    /// <summary>How long what follows the reply's header is.</summary>
    public int Length { get; private set; }

    /// <summary>What follows the reply's header.</summary>
    public ReadOnlySpan<byte> Payload => buffer.AsSpan(0, Length);

    /// <summary>What came along with the reply; the caller's.</summary>
    public FileDescriptor[] Files { get; private set; } = [];

    /// <summary>Begins another.</summary>
    public void Begin(MessageCommand command, TaskCompletionSource? awaited)
    {
        generation++;
        Command = command;
        IsDone = IsReplied = false;
        Error = Errno.None;
        Length = 0;
        Files = [];
        Awaited = awaited;
        isSignalled = false;
    }

    /// <summary>Waits until there is something to see for its caller, who holds no lock.</summary>
    public void Wait(TimeSpan time)
    {
        lock (waiting)
        {
            if (!isSignalled)
            {
                Monitor.Wait(waiting, time);
            }

            isSignalled = false;
        }
    }

    /// <summary>There is something to see for its caller: the reply, or that nobody receives.</summary>
    public void Signal()
    {
        lock (waiting)
        {
            isSignalled = true;
            Monitor.Pulse(waiting);
        }
    }

    /// <summary>Takes the reply.</summary>
    public void Complete(in Message reply, List<FileDescriptor> files)
    {
        if (reply.Header.IsError)
        {
            Error = reply.Header.Error == 0 ? Errno.EIO : (Errno)reply.Header.Error;
        }
        else
        {
            Length = reply.Payload.Length;
            if (buffer.Length < Length)
            {
                Release();
                buffer = ArrayPool<byte>.Shared.Rent(Length);
            }

            reply.Payload.CopyTo(buffer);
            if (files.Count > 0)
            {
                Files = [.. files];
                files.Clear();
            }
        }

        IsReplied = true;
        End();
    }

    /// <summary>There is no reply.</summary>
    public void Abandon() => End();

    /// <summary>Gives memory back that is not small.</summary>
    public void Release()
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
        }
    }

    private void End()
    {
        IsDone = true;
        if (Awaited is { } awaited)
        {
            awaited.TrySetResult();
        }
        else
        {
            Signal();
        }
    }
}
