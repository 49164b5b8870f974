using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>Follows scatter gather lists (NVM Express Base 2.0, 4.4). A chain without an end ends at a number of descriptors.</summary>
internal static class SglReader
{
    /// <summary>How many descriptors a command may have, those of segments among them.</summary>
    public const int MaxDescriptors = 1024;

    private const uint DescriptorMask = SglDescriptor.Length - 1;

    /// <summary>Adds what a descriptor describes.</summary>
    /// <param name="buffer">Takes the pieces.</param>
    /// <param name="descriptor">That of the command.</param>
    /// <param name="length">Of the data in bytes: the list is neither shorter nor longer, for the controller does not say that it takes longer ones.</param>
    public static NvmeStatus Read(GuestBuffer buffer, SglDescriptor descriptor, int length)
    {
        NvmeStatus status;
        if (descriptor.Type is SglType.Segment or SglType.LastSegment)
        {
            status = ReadSegments(buffer, descriptor, length);
        }
        else
        {
            status = AddData(buffer, descriptor, length);
        }

        return status == NvmeStatus.Success && buffer.Length != length ? NvmeStatus.InvalidSglLength : status;
    }

    private static NvmeStatus ReadSegments(GuestBuffer buffer, SglDescriptor segment, int length)
    {
        int total = 0;
        while (true)
        {
            if (segment.Subtype != 0)
            {
                return NvmeStatus.InvalidSglType;
            }

            if (segment.DataLength == 0 || (segment.DataLength & DescriptorMask) != 0)
            {
                return NvmeStatus.InvalidSglSegment;
            }

            uint descriptors = segment.DataLength / SglDescriptor.Length;
            if (descriptors > MaxDescriptors - total)
            {
                return NvmeStatus.InvalidSglCount;
            }

            total += (int)descriptors;
            NvmeStatus status = ReadSegment(buffer, segment, (int)descriptors, length, out SglDescriptor? next);
            if (status != NvmeStatus.Success || next is not { } following)
            {
                return status;
            }

            segment = following;
        }
    }

    private static NvmeStatus ReadSegment(GuestBuffer buffer, SglDescriptor segment, int descriptors, int length, out SglDescriptor? next)
    {
        next = null;
        ulong address = segment.Address;
        while (descriptors > 0)
        {
            int now = Math.Min(descriptors, PrpReader.MaxListLength / SglDescriptor.Length);
            Span<byte> part = buffer.List[..(now * SglDescriptor.Length)];
            if (!buffer.Memory.TryRead(new Iova(address), part))
            {
                return NvmeStatus.DataTransferError;
            }

            foreach (SglDescriptor each in MemoryMarshal.Cast<byte, SglDescriptor>(part))
            {
                descriptors--;
                if (each.Type is not (SglType.Segment or SglType.LastSegment))
                {
                    NvmeStatus status = AddData(buffer, each, length);
                    if (status != NvmeStatus.Success)
                    {
                        return status;
                    }
                }
                else if (descriptors != 0 || segment.Type == SglType.LastSegment)
                {
                    return NvmeStatus.InvalidSglSegment; // only the last descriptor leads on, and none of the last segment
                }
                else
                {
                    next = each;
                }
            }

            address += (ulong)part.Length;
        }

        return segment.Type == SglType.Segment && next is null ? NvmeStatus.InvalidSglSegment : NvmeStatus.Success;
    }

    private static NvmeStatus AddData(GuestBuffer buffer, SglDescriptor descriptor, int length)
    {
        if (descriptor.Type is not (SglType.DataBlock or SglType.BitBucket) || descriptor.Subtype != 0)
        {
            return NvmeStatus.InvalidSglType;
        }

        if (descriptor.DataLength > (uint)(length - buffer.Length))
        {
            return NvmeStatus.InvalidSglLength;
        }

        return buffer.TryAdd(descriptor.Address, (int)descriptor.DataLength, descriptor.Type == SglType.BitBucket) ? NvmeStatus.Success : NvmeStatus.InvalidSglCount;
    }
}
