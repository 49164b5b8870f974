using VfioSharp.Devices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>The command that gives a client descriptors to ring doorbells by, instead of messages: <c>DEVICE_GET_REGION_IO_FDS</c>.</summary>
internal sealed class IoDescriptorCommands(Served served, MessageStream stream, Capabilities client) : IDisposable
{
    private readonly Dictionary<(int Bar, Doorbell Bell), EventFd> bells = [];

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
            EventLoop.Shared.Remove(eventFd);
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
            EventLoop.Shared.Add(eventFd, new BellSink(served.Function.Core, bar, bell));
        }

        return eventFd;
    }

    private sealed class BellSink(FunctionCore core, int bar, Doorbell bell) : IEventSink
    {
        public void OnSignalled() => core.Bars.Ring(bar, bell);
    }
}
