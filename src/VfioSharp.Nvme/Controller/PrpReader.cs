using System.Buffers.Binary;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>Follows PRP entries (NVM Express Base 2.0, 4.3). Lists cannot go in circles for ever: each page but the first brings data nearer its end.</summary>
internal static class PrpReader
{
    /// <summary>The part of a list that is read at once, in bytes.</summary>
    public const int MaxListLength = 4096;

    private const ulong DwordMask = 3;
    private const ulong EntryMask = PrpRules.EntryLength - 1;

    /// <summary>Adds what two entries describe.</summary>
    /// <param name="buffer">Takes the pieces.</param>
    /// <param name="first">PRP entry 1: any dword of a page.</param>
    /// <param name="second">PRP entry 2: nothing, a page, or where in a page a list is.</param>
    /// <param name="length">Of the data in bytes.</param>
    /// <param name="pageSize">In bytes.</param>
    public static NvmeStatus Read(GuestBuffer buffer, ulong first, ulong second, int length, int pageSize)
    {
        if ((first & DwordMask) != 0)
        {
            return NvmeStatus.InvalidPrpOffset;
        }

        ulong pageMask = (ulong)pageSize - 1;
        int inFirst = Math.Min(length, pageSize - (int)(first & pageMask));
        buffer.TryAdd(first, inFirst);
        int left = length - inFirst;
        if (left == 0)
        {
            return NvmeStatus.Success;
        }

        if (left > pageSize)
        {
            return (second & EntryMask) != 0 ? NvmeStatus.InvalidPrpOffset : ReadList(buffer, second, left, pageSize);
        }

        return Add(buffer, second, left, pageMask);
    }

    private static NvmeStatus ReadList(GuestBuffer buffer, ulong list, int left, int pageSize)
    {
        ulong pageMask = (ulong)pageSize - 1;
        while (left > 0)
        {
            // The last entry of a page leads to the next list, unless it is the last of all.
            int inPage = (pageSize - (int)(list & pageMask)) / PrpRules.EntryLength;
            int needed = (int)(((long)left + pageSize - 1) / pageSize);
            bool goesOn = needed > inPage;
            int entries = Math.Min(Math.Min(needed, inPage), MaxListLength / PrpRules.EntryLength);
            Span<byte> part = buffer.List[..(entries * PrpRules.EntryLength)];
            if (!buffer.Memory.TryRead(new Iova(list), part))
            {
                return NvmeStatus.DataTransferError;
            }

            for (int i = 0; i < entries; i++)
            {
                ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(part[(i * PrpRules.EntryLength)..]);
                if (goesOn && i == inPage - 1)
                {
                    if ((entry & pageMask) != 0)
                    {
                        return NvmeStatus.InvalidPrpOffset;
                    }

                    list = entry;
                    break;
                }

                int length = Math.Min(left, pageSize);
                NvmeStatus status = Add(buffer, entry, length, pageMask);
                if (status != NvmeStatus.Success)
                {
                    return status;
                }

                left -= length;
                list += PrpRules.EntryLength;
            }
        }

        return NvmeStatus.Success;
    }

    private static NvmeStatus Add(GuestBuffer buffer, ulong entry, int length, ulong pageMask)
    {
        if ((entry & pageMask) != 0)
        {
            return NvmeStatus.InvalidPrpOffset;
        }

        return buffer.TryAdd(entry, length) ? NvmeStatus.Success : NvmeStatus.InvalidField;
    }
}
