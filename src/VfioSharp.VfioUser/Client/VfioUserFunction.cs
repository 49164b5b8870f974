using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Regions;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Mapping;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Client;

/// <summary>A function of another process's, driven over a socket, by the rules that vfio-pci has for physical ones.</summary>
internal sealed class VfioUserFunction : PciFunction
{
    private readonly ServerContact contact;
    private readonly ClientChannel channel;
    private readonly ClientMemoryServer memory;
    private readonly ImmutableArray<FileDescriptor?> files;
    private readonly ImmutableArray<RegionDescription> regions;
    private readonly FunctionNotices notices;
    private readonly HostOwned owned;
    private readonly VfioUserLimits limits;
    private readonly int maxData;
    private readonly int maxDescriptors;
    private readonly bool posts;
    private readonly bool writesMany;

    /// <summary>Takes over a connection.</summary>
    public VfioUserFunction(FunctionShape shape, ServerContact contact, VfioUserClientOptions options)
        : base(shape)
    {
        this.contact = contact;
        channel = contact.Channel;
        memory = contact.Memory;
        owned = HostOwned.Of(contact.Served.Configuration);
        files = contact.Served.Files;
        regions = contact.Served.Regions;
        limits = options.Limits;
        maxData = Math.Min(contact.Served.Server.MaxDataTransfer, limits.MaxDataTransfer);
        maxDescriptors = Math.Clamp(contact.Served.Server.MaxMessageDescriptors, 1, UnixSocket.MaxDescriptors);
        posts = options.PostedWrites;
        writesMany = contact.Served.Server.WriteMultiple;
        notices = new FunctionNotices(this);
        channel.Lost += _ => Lose();
        if (channel.IsLost)
        {
            Lose();
        }
    }

    /// <summary>The connection, for what is asked beside the seam.</summary>
    public ClientChannel Channel => channel;

    /// <summary>How long the server may take.</summary>
    public VfioUserLimits Limits => limits;

    /// <summary>How many bytes go with one message.</summary>
    public int MaxData => maxData;

    /// <summary>Makes the function ready: its notices heard, its registers and bus mastering on.</summary>
    /// <exception cref="PciException">The server refuses.</exception>
    public void Start()
    {
        notices.Listen();
        Configuration.SetCommand(Pci.Configuration.PciCommand.IoSpace | Pci.Configuration.PciCommand.MemorySpace | Pci.Configuration.PciCommand.BusMaster, true);
    }

    /// <summary>Asks for descriptors that ring a region's doorbells, as a hypervisor gives them to KVM; null where the server refuses.</summary>
    public RegionDescriptors? GetDescriptors(int region)
    {
        uint room = NativeSize.Of<RegionIoFds>();
        while (true)
        {
            var request = new RegionIoFds { ArgumentSize = room, Index = (uint)region };
            if (channel.Call(
                MessageCommand.DeviceGetRegionIoFds, MemoryMarshal.AsBytes(new ReadOnlySpan<RegionIoFds>(in request)), default, default, limits.ReplyTime) is not { } call)
            {
                return null;
            }

            // Asked for anew once: a server that never has room enough is asked no more.
            bool isLonger = MemoryMarshal.TryRead(call.Payload, out RegionIoFds head) && head.ArgumentSize > room;
            bool isAskedAnew = isLonger && room == NativeSize.Of<RegionIoFds>() && head.ArgumentSize <= (uint)limits.MaxRegionInfo;
            RegionDescriptors? descriptors = call.Error == Errno.None && !isLonger ? RegionDescriptors.Read(call.Payload, call.Files) : null;
            if (descriptors is null)
            {
                Array.ForEach(call.Files, file => file.Dispose());
            }

            channel.Return(call);
            if (!isAskedAnew)
            {
                return descriptors;
            }

            room = head.ArgumentSize;
        }
    }

    /// <summary>Makes writes of up to 8 bytes each in one message (<c>REGION_WRITE_MULTI</c>).</summary>
    /// <returns>How many were made, in order; 0 where the server does not take them so.</returns>
    public int WriteMany(ReadOnlySpan<WriteEntry> writes)
    {
        ulong count = (ulong)writes.Length;
        if (!writesMany || channel.Call(
            MessageCommand.RegionWriteMulti, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in count)), MemoryMarshal.AsBytes(writes), default, limits.ReplyTime) is not { } call)
        {
            return 0;
        }

        int done = call.Error == Errno.None && MemoryMarshal.TryRead(call.Payload, out ulong made) ? (int)Math.Min(made, count) : 0;
        channel.Return(call);
        return done;
    }

    /// <inheritdoc/>
    internal override bool ReadRegionCore(int region, ulong offset, Span<byte> data)
    {
        Span<byte> all = data;
        ulong start = offset;
        while (data.Length > 0)
        {
            int length = Math.Min(data.Length, maxData);
            if (!ReadOnce(region, offset, data[..length]))
            {
                return false;
            }

            data = data[length..];
            offset += (ulong)length;
        }

        owned.Hide(region, start, all);
        return true;
    }

    /// <inheritdoc/>
    internal override bool WriteRegionCore(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        if (region == RegionIndex.Configuration && owned.IsProgrammed((int)offset, data.Length))
        {
            Span<byte> current = stackalloc byte[data.Length];
            Span<byte> allowed = stackalloc byte[data.Length];
            data.CopyTo(allowed);
            if (!ReadOnce(region, offset, current))
            {
                return false;
            }

            owned.Keep((int)offset, allowed, current);
            return WriteOnce(region, offset, allowed);
        }

        ByteRange hidden = owned.PartOfTable(region, offset, data.Length);
        if (hidden.IsEmpty)
        {
            return WriteAll(region, offset, data);
        }

        int before = (int)(hidden.Offset - offset);
        return WriteAll(region, offset, data[..before]) && WriteAll(region, hidden.End, data[(before + (int)hidden.Length)..]);
    }

    /// <inheritdoc/>
    internal override void MapRegionCore(int region, ByteRange range, nint address)
    {
        Errno error = MappedMemory.Map(address, range.Length, files[region]!, regions[region].FileOffset + range.Offset);
        if (error != Errno.None)
        {
            string why = error == Errno.ENOMEM ? "the process has too many mappings: see vm.max_map_count" : "the file that the server gave is not what it said";
            throw new PciException($"map BAR {region}", $"{Name}: {range} of BAR {region} cannot be mapped ({error}): {why}", errorNumber: (int)error);
        }
    }

    /// <inheritdoc/>
    internal override void EnableInterruptsCore(InterruptKind kind, int start, ReadOnlySpan<EventFd?> triggers)
    {
        // Vectors that get one and vectors that lose theirs go apart, and each message takes only so many descriptors.
        for (int at = 0; at < triggers.Length;)
        {
            bool gives = triggers[at] is not null;
            int count = 1;
            while (at + count < triggers.Length && triggers[at + count] is not null == gives && (!gives || count < maxDescriptors))
            {
                count++;
            }

            var run = new FileDescriptor[gives ? count : 0];
            for (int i = 0; i < run.Length; i++)
            {
                run[i] = triggers[at + i]!.File;
            }

            Check(SetInterrupts(kind, VfioIrqSet.VFIO_IRQ_SET_DATA_EVENTFD | VfioIrqSet.VFIO_IRQ_SET_ACTION_TRIGGER, start + at, count, run), kind);
            at += count;
        }
    }

    /// <inheritdoc/>
    internal override void DisableInterruptsCore(InterruptKind kind) =>
        SetInterrupts(kind, VfioIrqSet.VFIO_IRQ_SET_DATA_NONE | VfioIrqSet.VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0, []);

    /// <inheritdoc/>
    internal override void UnmaskIntxCore() =>
        Check(SetInterrupts(InterruptKind.Intx, VfioIrqSet.VFIO_IRQ_SET_DATA_NONE | VfioIrqSet.VFIO_IRQ_SET_ACTION_UNMASK, 0, 1, []), InterruptKind.Intx);

    /// <inheritdoc/>
    internal override async ValueTask ResetCore(CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        ClientCall? call = await channel.CallAsync(MessageCommand.DeviceReset, default, limits.ResetTime).ConfigureAwait(false);
        Errno error = call?.Error ?? Errno.ENODEV;
        if (call is not null)
        {
            channel.Return(call);
        }

        if (error != Errno.None)
        {
            throw channel.IsLost ? Lost("reset") : new PciException("reset", $"{Name}: the reset failed ({error}); the server's log may say why", errorNumber: (int)error);
        }
    }

    /// <inheritdoc/>
    internal override void MapDmaCore(in DmaRegion region)
    {
        var request = new DmaMapRequest
        {
            ArgumentSize = NativeSize.Of<DmaMapRequest>(),
            Flags = (uint)region.Access,
            Offset = region.File is null ? 0 : region.FileOffset,
            Address = region.Iova.Value,
            Size = region.Length,
        };

        // Memory without a file is reached by messages, which come while nobody asks anything.
        bool isServed = region.File is null && memory.TryAdd(in region);
        if (isServed && !memory.HasTwin)
        {
            channel.BeginWatch();
        }

        Errno error = Ask(MessageCommand.DmaMap, MemoryMarshal.AsBytes(new ReadOnlySpan<DmaMapRequest>(in request)), region.File is { } file ? [file.File] : []);
        if (error != Errno.None)
        {
            Forget(in region);
            throw channel.IsLost ? Lost("map memory") : new PciException("map memory", $"{Name} does not take memory at {region.Iova} ({error}); the server's log may say why", errorNumber: (int)error);
        }
    }

    /// <inheritdoc/>
    internal override void UnmapDmaCore(in DmaRegion region)
    {
        var request = new VfioIommuType1DmaUnmap { argsz = NativeSize.Of<VfioIommuType1DmaUnmap>(), iova = region.Iova.Value, size = region.Length };
        Errno error = Ask(MessageCommand.DmaUnmap, MemoryMarshal.AsBytes(new ReadOnlySpan<VfioIommuType1DmaUnmap>(in request)), [], limits.ResetTime);
        if (error is not (Errno.None or Errno.ENODEV))
        {
            // It may still use the memory: nothing is asked of such a server any more.
            channel.Lose($"it did not give memory back ({error})");
        }

        Forget(in region);
    }

    /// <inheritdoc/>
    internal override ValueTask CloseCore()
    {
        notices.Stop();
        contact.Dispose();
        notices.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Forget(in DmaRegion region)
    {
        if (region.File is null && memory.Remove(in region) && !memory.HasTwin)
        {
            channel.EndWatch();
        }
    }

    private bool ReadOnce(int region, ulong offset, Span<byte> data)
    {
        if (!Lies(region, offset, data.Length))
        {
            return false;
        }

        var access = new RegionAccess { Offset = offset, Region = (uint)region, Count = (uint)data.Length };
        if (channel.Call(MessageCommand.RegionRead, MemoryMarshal.AsBytes(new ReadOnlySpan<RegionAccess>(in access)), default, default, limits.ReplyTime) is not { } call)
        {
            return false;
        }

        int headLength = (int)NativeSize.Of<RegionAccess>();
        bool isRead = call.Error == Errno.None && call.Length == headLength + data.Length;
        if (isRead)
        {
            call.Payload[headLength..].CopyTo(data);
        }
        else if (call.Error == Errno.None)
        {
            channel.Lose($"it answered a read of {data.Length} bytes with {call.Length - headLength}");
        }

        channel.Return(call);
        return isRead;
    }

    private bool WriteAll(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        bool done = true;
        while (done && data.Length > 0)
        {
            int length = Math.Min(data.Length, maxData);
            done = WriteOnce(region, offset, data[..length]);
            data = data[length..];
            offset += (ulong)length;
        }

        return done;
    }

    private bool WriteOnce(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        if (!Lies(region, offset, data.Length))
        {
            return false;
        }

        var access = new RegionAccess { Offset = offset, Region = (uint)region, Count = (uint)data.Length };
        ReadOnlySpan<byte> head = MemoryMarshal.AsBytes(new ReadOnlySpan<RegionAccess>(in access));
        if (posts && region < RegionIndex.Bars)
        {
            return channel.Tell(MessageCommand.RegionWrite, head, data);
        }

        if (channel.Call(MessageCommand.RegionWrite, head, data, default, limits.ReplyTime) is not { } call)
        {
            return false;
        }

        bool isWritten = call.Error == Errno.None;
        channel.Return(call);
        return isWritten;
    }

    private Errno SetInterrupts(InterruptKind kind, uint flags, int start, int count, FileDescriptor[] descriptors)
    {
        var set = new VfioIrqSet { argsz = NativeSize.Of<VfioIrqSet>(), flags = flags, index = (uint)kind, start = (uint)start, count = (uint)count };
        return Ask(MessageCommand.DeviceSetIrqs, MemoryMarshal.AsBytes(new ReadOnlySpan<VfioIrqSet>(in set)), descriptors);
    }

    private Errno Ask(MessageCommand command, ReadOnlySpan<byte> head, ReadOnlySpan<FileDescriptor> descriptors, TimeSpan? time = null)
    {
        if (channel.Call(command, head, default, descriptors, time ?? limits.ReplyTime) is not { } call)
        {
            return Errno.ENODEV;
        }

        Errno error = call.Error;
        channel.Return(call);
        return error;
    }

    private void Check(Errno error, InterruptKind kind)
    {
        if (error == Errno.ENODEV && channel.IsLost)
        {
            throw Lost($"enable {kind.Label}");
        }

        if (error != Errno.None)
        {
            throw new PciException($"enable {kind.Label}", $"{Name}: the server refuses {kind.Label} vectors ({error})", errorNumber: (int)error);
        }
    }

    private bool Lies(int region, ulong offset, int length) =>
        (uint)region < (uint)regions.Length && offset <= regions[region].Length && (ulong)length <= regions[region].Length - offset;
}
