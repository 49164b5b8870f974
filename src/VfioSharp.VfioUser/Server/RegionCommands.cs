using System.Runtime.InteropServices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Seam;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>The commands that describe and reach regions: <c>DEVICE_GET_INFO</c>, <c>DEVICE_GET_REGION_INFO</c>, <c>REGION_READ</c>, <c>_WRITE</c>, <c>_WRITE_MULTI</c>.</summary>
internal sealed class RegionCommands(Served served, MessageStream stream, Capabilities agreed)
{
    private static readonly int AccessLength = (int)NativeSize.Of<RegionAccess>();
    private static readonly int EntryLength = (int)NativeSize.Of<WriteEntry>();

    private readonly FunctionCore core = served.Function.Core;
    private readonly int maxData = served.Options.Limits.MaxDataTransfer;

    public Errno GetInfo(in Message message, out Reply reply)
    {
        reply = default;
        var reader = new MessageReader(message.Payload);
        if (!reader.TryRead(out DeviceInfo info) || info.ArgumentSize < NativeSize.Of<DeviceInfo>())
        {
            return Errno.EINVAL;
        }

        var answer = new DeviceInfo
        {
            ArgumentSize = NativeSize.Of<DeviceInfo>(),
            Flags = VfioDeviceInfo.VFIO_DEVICE_FLAGS_RESET | VfioDeviceInfo.VFIO_DEVICE_FLAGS_PCI,
            Regions = RegionIndex.Count,
            Interrupts = (uint)InterruptCommands.Kinds,
        };
        reply = Reply.Of(stream, in answer);
        return Errno.None;
    }

    /// <summary>Who has room for less than the whole description is told how much it takes, and nothing of what is left out: no list, no descriptor.</summary>
    public Errno GetRegionInfo(in Message message, out Reply reply)
    {
        reply = default;
        var reader = new MessageReader(message.Payload);
        if (!reader.TryRead(out VfioRegionInfo info) || info.argsz < NativeSize.Of<VfioRegionInfo>() || info.index >= RegionIndex.Count)
        {
            return Errno.EINVAL;
        }

        ReadOnlySpan<byte> whole = served.InfoOf((int)info.index);
        if (info.argsz < (uint)whole.Length || agreed.MaxMessageDescriptors == 0)
        {
            VfioRegionInfo alone = MemoryMarshal.Read<VfioRegionInfo>(whole);
            alone.flags &= ~VfioRegionInfo.VFIO_REGION_INFO_FLAG_CAPS;
            alone.cap_offset = 0;
            if (agreed.MaxMessageDescriptors == 0)
            {
                // Who takes no descriptor cannot map.
                alone.flags &= ~VfioRegionInfo.VFIO_REGION_INFO_FLAG_MMAP;
                alone.argsz = NativeSize.Of<VfioRegionInfo>();
            }

            reply = Reply.Of(stream, in alone);
            return Errno.None;
        }

        reply = Reply.Of(stream, whole) with { Files = served.FileOf((int)info.index) is { } file ? [file] : [] };
        return Errno.None;
    }

    public Errno Read(in Message message, out Reply reply)
    {
        reply = default;
        if (!MemoryMarshal.TryRead(message.Payload, out RegionAccess access) || message.Payload.Length != AccessLength || access.Count > (uint)maxData
            || !Lies(access.Region, access.Offset, access.Count))
        {
            return Errno.EINVAL;
        }

        served.Counters.CountRead(access.Region);
        Span<byte> payload = stream.Reserve(AccessLength + (int)access.Count);
        MemoryMarshal.Write(payload, in access);
        if (!core.Read((int)access.Region, access.Offset, payload[AccessLength..]))
        {
            return Errno.EIO;
        }

        reply = new Reply(payload.Length);
        return Errno.None;
    }

    public Errno Write(in Message message, out Reply reply)
    {
        reply = default;
        if (!MemoryMarshal.TryRead(message.Payload, out RegionAccess access) || access.Count > (uint)maxData
            || (uint)(message.Payload.Length - AccessLength) != access.Count || !Lies(access.Region, access.Offset, access.Count))
        {
            return Errno.EINVAL;
        }

        served.Counters.CountWrite(access.Region);
        if (!core.Write((int)access.Region, access.Offset, message.Payload[AccessLength..]))
        {
            return Errno.EIO;
        }

        reply = Reply.Of(stream, in access);
        return Errno.None;
    }

    /// <summary>Writes in order, up to the first that fails.</summary>
    public Errno WriteMulti(in Message message, out Reply reply)
    {
        reply = default;
        var reader = new MessageReader(message.Payload);
        if (!agreed.WriteMultiple)
        {
            return Errno.EOPNOTSUPP;
        }

        if (!reader.TryRead(out ulong count) || (uint)reader.Rest.Length % EntryLength != 0 || count != (ulong)(reader.Rest.Length / EntryLength))
        {
            return Errno.EINVAL;
        }

        ulong done = 0;
        Errno error = Errno.None;
        while (done < count && error == Errno.None)
        {
            reader.TryRead(out WriteEntry entry);
            error = WriteOne(in entry);
            done += error == Errno.None ? 1u : 0;
        }

        reply = Reply.Of(stream, in done);
        return done > 0 ? Errno.None : error;
    }

    private Errno WriteOne(in WriteEntry entry)
    {
        if (entry.Count > WriteEntry.MaxCount || !Lies(entry.Region, entry.Offset, entry.Count))
        {
            return Errno.EINVAL;
        }

        served.Counters.CountWrite(entry.Region);
        ReadOnlySpan<byte> data = MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in entry.Data))[..(int)entry.Count];
        return core.Write((int)entry.Region, entry.Offset, data) ? Errno.None : Errno.EIO;
    }

    private bool Lies(uint region, ulong offset, uint count)
    {
        ulong length = served.LengthOf(region);
        return length != 0 && offset <= length && count <= length - offset;
    }
}
