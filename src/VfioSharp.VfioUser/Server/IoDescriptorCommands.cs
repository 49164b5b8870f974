using System.Collections.Concurrent;
using VfioSharp.Devices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>The command that gives a client descriptors to ring doorbells by, instead of messages: <c>DEVICE_GET_REGION_IO_FDS</c>.</summary>
/// <param name="served">The function.</param>
/// <param name="stream">The connection.</param>
/// <param name="client">What the client can do.</param>
/// <param name="onRung">Has <see cref="Ring"/> called by whoever carries out the client's commands.</param>
internal sealed class IoDescriptorCommands(Served served, MessageStream stream, Capabilities client, Action onRung) : IDisposable
{
    private readonly Dictionary<(int Bar, Doorbell Bell), EventFd> bells = [];
    private readonly ConcurrentQueue<Rope> rung = [];

    /// <summary>Whether the client has any.</summary>
    public bool HasBells => bells.Count > 0;

    /// <summary>Whether it has rung one.</summary>
    public bool HasRung => !rung.IsEmpty;

    /// <summary>
    /// Tells the function of what was rung. Between the client's commands, as a write would: what the function asks of the client in its handler has to be
    /// received by somebody, and this one can.
    /// </summary>
    public void Ring()
    {
        for (int left = rung.Count; left > 0 && rung.TryDequeue(out Rope? rope); left--)
        {
            rope.Ring(served.Function.Core);
        }
    }

    public Errno Get(in Message message, out Reply reply)
    {
        reply = default;
        var reader = new MessageReader(message.Payload);
        if (!reader.TryRead(out RegionIoFds request) || request.ArgumentSize < NativeSize.Of<RegionIoFds>() || request.Flags != 0 || request.Count != 0
            || request.Index >= RegionIndex.Count)
        {
            return Errno.EINVAL;
        }

        BarLayout? bar = request.Index < RegionIndex.Bars ? served.Function.Layout.Bar((int)request.Index) : null;
        Doorbell[] offered = [.. (bar?.Doorbells ?? []).Take(Math.Min(client.MaxMessageDescriptors, UnixSocket.MaxDescriptors))];
        int length = (int)(NativeSize.Of<RegionIoFds>() + (NativeSize.Of<SubRegion>() * offered.Length));
        bool fits = request.ArgumentSize >= (uint)length;
        var writer = new MessageWriter(stream.Reserve(length));
        writer.Write(new RegionIoFds { ArgumentSize = (uint)length, Index = request.Index, Count = (uint)offered.Length });
        if (!fits || offered.Length == 0)
        {
            reply = new Reply(writer.Length);
            return Errno.None;
        }

        var files = new FileDescriptor[offered.Length];
        for (int i = 0; i < offered.Length; i++)
        {
            files[i] = EventFdOf((int)request.Index, offered[i]).File;
            writer.Write(new SubRegion
            {
                Offset = offered[i].Offset,
                Size = (ulong)offered[i].Width,
                DescriptorIndex = (uint)i,
                Type = SubRegion.TypeIoEventFd,
                Flags = (offered[i].Value is null ? 0 : SubRegion.FlagDataMatch) | (bar!.Kind == BarKind.Io ? SubRegion.FlagPio : 0),
                Match = offered[i].Value ?? 0,
            });
        }

        reply = new Reply(writer.Length) { Files = files };
        return Errno.None;
    }

    /// <summary>Closes the descriptors: nobody listens to what the client still has of them.</summary>
    public void Dispose()
    {
        foreach (EventFd eventFd in bells.Values)
        {
            SharedPump.Instance.Remove(eventFd.File);
            eventFd.Dispose();
        }

        bells.Clear();
    }

    private EventFd EventFdOf(int bar, Doorbell bell)
    {
        if (!bells.TryGetValue((bar, bell), out EventFd? eventFd))
        {
            eventFd = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out Errno error)
                ?? throw new PciException("eventfd", $"a doorbell gets no eventfd ({error}): see the limit on open files", errorNumber: (int)error);
            bells.Add((bar, bell), eventFd);
            SharedPump.Instance.Add(eventFd.File, EpollFlags.EPOLLIN, new Rope(bar, bell, rung, onRung));
        }

        return eventFd;
    }

    /// <summary>Hangs on a doorbell: pulled any number of times before it is worked off, it rings once.</summary>
    private sealed class Rope(int bar, Doorbell bell, ConcurrentQueue<Rope> rung, Action onRung) : IReady
    {
        private bool isPulled;

        public void OnReady(uint events)
        {
            if (!Interlocked.Exchange(ref isPulled, true))
            {
                rung.Enqueue(this);
                onRung();
            }
        }

        public void Ring(FunctionCore core)
        {
            Volatile.Write(ref isPulled, false);
            core.Bars.Ring(bar, bell);
        }
    }
}
