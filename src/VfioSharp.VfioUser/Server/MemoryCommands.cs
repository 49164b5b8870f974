using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Joining;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>The commands that show memory to the function, and take it away: <c>DMA_MAP</c> and <c>DMA_UNMAP</c>.</summary>
internal sealed class MemoryCommands(Served served, FunctionPort port, MessageStream stream, IClientMemory messages, Action<string> complain, Action<string> fail)
{
    private const uint KnownFlags = VfioIommuType1DmaMap.VFIO_DMA_MAP_FLAG_READ | VfioIommuType1DmaMap.VFIO_DMA_MAP_FLAG_WRITE;

    private readonly VfioUserLimits limits = served.Options.Limits;
    private readonly PeerShare share = new((start, error) => fail($"its memory at {start} cannot be reached any more ({error}): its file was cut short, or has no pages left"));
    private readonly SystemMemory shown = served.Function.Core.Memory;

    public Errno Map(in Message message)
    {
        var reader = new MessageReader(message.Payload);
        if (!reader.TryRead(out DmaMapRequest request) || !reader.Rest.IsEmpty || request.ArgumentSize < NativeSize.Of<DmaMapRequest>()
            || request.Flags == 0 || (request.Flags & ~KnownFlags) != 0 || request.Size == 0 || request.Size - 1 > ulong.MaxValue - request.Address
            || stream.Descriptors.Count > 1 || (long)request.Offset < 0 || request.Size > (ulong)(long.MaxValue - (long)request.Offset))
        {
            return Errno.EINVAL;
        }

        if (shown.Count >= limits.MaxDmaMaps || request.Size > limits.MaxDmaBytes - shown.Bytes)
        {
            return Errno.ENOSPC;
        }

        Errno error = Errno.None;
        MemoryRegion? region = stream.Descriptors.Count == 0
            ? new MessageRegion(new Iova(request.Address), request.Size, (DmaAccess)request.Flags, messages) : Take(in request, out error);
        if (region is null)
        {
            return error;
        }

        if (!port.AddMemory(region))
        {
            _ = region.CloseAsync(); // at once, for nobody has it
            return Errno.EEXIST;
        }

        return Errno.None;
    }

    /// <summary>Reads what is to be taken away; an error where that cannot be.</summary>
    /// <remarks>
    /// The specification has a client take away what it has shown, piece by piece. QEMU, where its guest has an IOMMU, does as with the kernel
    /// (<c>VFIO_IOMMU_UNMAP_DMA</c>): when a guest changes or loses its address space, all that lies in a range goes, whether that is much or nothing. Refused, it
    /// would leave the function with memory that the guest believes to be out of its reach. Only a piece is never cut.
    /// </remarks>
    public Errno ReadUnmap(in Message message, out VfioIommuType1DmaUnmap request)
    {
        var reader = new MessageReader(message.Payload);
        if (!reader.TryRead(out request) || request.argsz < NativeSize.Of<VfioIommuType1DmaUnmap>() || (request.flags & ~VfioIommuType1DmaUnmap.VFIO_DMA_UNMAP_FLAG_ALL) != 0)
        {
            return Errno.EINVAL;
        }

        if (IsAll(in request))
        {
            return request is { iova: 0, size: 0 } ? Errno.None : Errno.EINVAL;
        }

        if (request.size == 0 || request.size - 1 > ulong.MaxValue - request.iova)
        {
            return Errno.EINVAL;
        }

        return shown.IsCutBy(new Iova(request.iova), LastOf(in request)) ? Errno.ENOENT : Errno.None;
    }

    /// <summary>Takes memory away; done when the function has let go of it.</summary>
    public async ValueTask<Errno> UnmapAsync(VfioIommuType1DmaUnmap request)
    {
        await port.RemoveMemoryAsync(new Iova(request.iova), LastOf(in request)).ConfigureAwait(false);
        return Errno.None;
    }

    private static Iova LastOf(in VfioIommuType1DmaUnmap request) => IsAll(in request) ? new Iova(ulong.MaxValue) : new Iova(request.iova + (request.size - 1));

    private static bool IsAll(in VfioIommuType1DmaUnmap request) => (request.flags & VfioIommuType1DmaUnmap.VFIO_DMA_UNMAP_FLAG_ALL) != 0;

    private MemoryRegion? Take(in DmaMapRequest request, out Errno error)
    {
        MemoryRegion? region = PeerMemory.Take(
            share, stream.Descriptors[0], request.Offset, new Iova(request.Address), request.Size, (DmaAccess)request.Flags, served.Options.TrustPeerMemory,
            out error, out string reason);
        if (region is null)
        {
            complain($"its memory at 0x{request.Address:x} is refused: {reason}");
        }

        return region;
    }
}
