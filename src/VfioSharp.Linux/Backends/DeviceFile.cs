using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Regions;
using VfioSharp.Devices.Seam;

namespace VfioSharp.Linux.Backends;

/// <summary>VFIO's file of one function, and what the kernel can be asked through it (<c>VFIO_DEVICE_*</c>, <c>include/uapi/linux/vfio.h</c>).</summary>
/// <param name="file">The descriptor, owned from now on.</param>
internal sealed class DeviceFile(FileDescriptor file) : IDisposable
{
    // The kernel says how much it has; more than this it never had, and a number from nowhere is not to be believed.
    private const int MaxInfoLength = 1 << 20;

    /// <summary>The descriptor.</summary>
    public FileDescriptor File { get; } = file;

    /// <summary>What the function is made of.</summary>
    public Errno GetInfo(out VfioDeviceInfo info)
    {
        info = new VfioDeviceInfo { argsz = NativeSize.Of<VfioDeviceInfo>() };
        return File.Ioctl(VfioIoctl.VFIO_DEVICE_GET_INFO, ref info);
    }

    /// <summary>A region with its capabilities; absent where the kernel has none of that number.</summary>
    public RegionDescription GetRegion(int index)
    {
        var header = new VfioRegionInfo { argsz = NativeSize.Of<VfioRegionInfo>(), index = (uint)index };
        return ReadInfo(VfioIoctl.VFIO_DEVICE_GET_REGION_INFO, File, header, out byte[] reply) == Errno.None ? RegionDescription.Read(reply) : RegionDescription.Absent;
    }

    /// <summary>A way of interrupting.</summary>
    public InterruptShape GetInterrupt(InterruptKind kind)
    {
        var info = new VfioIrqInfo { argsz = NativeSize.Of<VfioIrqInfo>(), index = (uint)kind };
        return File.Ioctl(VfioIoctl.VFIO_DEVICE_GET_IRQ_INFO, ref info) == Errno.None && (info.flags & VfioIrqInfo.VFIO_IRQ_INFO_EVENTFD) != 0
            ? new InterruptShape((int)info.count, (info.flags & VfioIrqInfo.VFIO_IRQ_INFO_NORESIZE) == 0) : default;
    }

    /// <summary>Gives an <see cref="IrqSetRequest"/>.</summary>
    /// <param name="request">The request.</param>
    /// <param name="available">Where there are fewer vectors to be had than were asked for, how many; nothing is enabled then.</param>
    public Errno SetInterrupts(byte[] request, out int available) => File.Ioctl(VfioIoctl.VFIO_DEVICE_SET_IRQS, request, out available);

    /// <summary>Resets the function alone; EAGAIN while somebody else holds its lock.</summary>
    public Errno Reset() => File.Ioctl(VfioIoctl.VFIO_DEVICE_RESET, 0, out _);

    /// <summary>Sets the secret that users of the function's virtual functions must show.</summary>
    public Errno SetVfToken(Guid token)
    {
        const int Length = 16;
        byte[] request = new byte[NativeSize.Of<VfioDeviceFeature>() + Length];
        var feature = new VfioDeviceFeature
        {
            argsz = (uint)request.Length,
            flags = VfioDeviceFeature.VFIO_DEVICE_FEATURE_SET | VfioDeviceFeature.VFIO_DEVICE_FEATURE_PCI_VF_TOKEN,
        };
        MemoryMarshal.Write(request, in feature);
        token.TryWriteBytes(request.AsSpan(request.Length - Length), bigEndian: true, out _);
        return File.Ioctl(VfioIoctl.VFIO_DEVICE_FEATURE, request, out _);
    }

    /// <summary>Asks for a description that grows: first alone, then, by the size it gave, with all that belongs behind it.</summary>
    internal static Errno ReadInfo<T>(uint command, FileDescriptor file, T header, out byte[] reply)
        where T : unmanaged
    {
        reply = new byte[NativeSize.Of<T>()];
        MemoryMarshal.Write(reply, in header);
        Errno error = file.Ioctl(command, reply, out _);
        uint wanted = MemoryMarshal.Read<uint>(reply); // argsz is each one's first member
        if (error != Errno.None || wanted <= reply.Length || wanted > MaxInfoLength)
        {
            return error;
        }

        reply = new byte[wanted];
        MemoryMarshal.Write(reply, in header);
        MemoryMarshal.Write(reply, in wanted);
        return file.Ioctl(command, reply, out _);
    }

    /// <summary>Reads part of a region by accesses of the width of what is asked for, up to 8 bytes each.</summary>
    public Errno Read(RegionDescription region, ulong offset, Span<byte> data)
    {
        for (int done = 0; done < data.Length;)
        {
            Errno error = File.PositionedRead(data[done..], (long)(region.FileOffset + offset) + done, out int count);
            if (error != Errno.None || count == 0)
            {
                return error == Errno.None ? Errno.EIO : error;
            }

            done += count;
        }

        return Errno.None;
    }

    /// <summary>Writes part of a region, as <see cref="Read"/>.</summary>
    public Errno Write(RegionDescription region, ulong offset, ReadOnlySpan<byte> data)
    {
        for (int done = 0; done < data.Length;)
        {
            Errno error = File.PositionedWrite(data[done..], (long)(region.FileOffset + offset) + done, out int count);
            if (error != Errno.None || count == 0)
            {
                return error == Errno.None ? Errno.EIO : error;
            }

            done += count;
        }

        return Errno.None;
    }

    /// <inheritdoc/>
    public void Dispose() => File.Dispose();
}
