using System.Runtime.InteropServices;

namespace VfioSharp.Nvme.Driver;

/// <summary>Describes memory to a controller by PRP entries (NVM Express Base 2.0, 4.3).</summary>
internal static class TransferPages
{
    /// <summary>Memory that lies in one piece of the function's addresses.</summary>
    /// <param name="address">Where, a multiple of 4.</param>
    /// <param name="length">In bytes, 1 and up.</param>
    /// <param name="pageSize">The memory page in bytes, a power of two.</param>
    /// <param name="list">Room for a list, of which nothing is written where two entries are enough. It lies in one page.</param>
    /// <param name="listAddress">Where the controller sees that.</param>
    /// <returns>The two entries of the command.</returns>
    public static (ulong Prp1, ulong Prp2) Describe(ulong address, int length, int pageSize, Span<byte> list, ulong listAddress)
    {
        int first = pageSize - (int)(address & (uint)(pageSize - 1));
        int rest = length - first;
        if (rest <= 0)
        {
            return (address, 0);
        }

        ulong next = address + (uint)first;
        if (rest <= pageSize)
        {
            return (address, next);
        }

        Span<ulong> entries = MemoryMarshal.Cast<byte, ulong>(list)[..(int)(((uint)rest + (uint)pageSize - 1) / (uint)pageSize)];
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = next;
            next += (uint)pageSize;
        }

        return (address, listAddress);
    }
}
