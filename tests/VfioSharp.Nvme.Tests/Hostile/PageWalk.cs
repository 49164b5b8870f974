using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Tests.Hostile;

/// <summary>Moves data by a command's PRP entries as NVM Express Base 2.0, 4.3 has it, byte by byte where a page begins: slow, and plain to see.</summary>
internal static class PageWalk
{
    private const ulong PageSize = 4096;

    /// <summary>The addresses of a transfer, page by page, with how many bytes lie there; null where an entry is what it may not be.</summary>
    public static List<(ulong Address, int Length)>? Of(SystemMemory memory, ulong prp1, ulong prp2, int length)
    {
        var pieces = new List<(ulong, int)>();
        int first = (int)Math.Min((ulong)length, PageSize - (prp1 % PageSize));
        pieces.Add((prp1, first));
        int rest = length - first;
        if (rest == 0)
        {
            return pieces;
        }

        if (rest <= (int)PageSize)
        {
            pieces.Add((prp2, rest));
            return prp2 % PageSize == 0 ? pieces : null;
        }

        ulong entry = prp2;
        while (rest > 0)
        {
            if (entry % 8 != 0 || !memory.TryRead(new Iova(entry), out ulong address))
            {
                return null;
            }

            // The last entry of a page is the next list, where more than a page is left.
            if (entry % PageSize == PageSize - 8 && rest > (int)PageSize)
            {
                entry = address;
                continue;
            }

            if (address % PageSize != 0)
            {
                return null;
            }

            int piece = (int)Math.Min((ulong)rest, PageSize);
            pieces.Add((address, piece));
            rest -= piece;
            entry += 8;
        }

        return pieces;
    }

    public static bool Gather(SystemMemory memory, in SubmissionEntry command, Span<byte> destination)
    {
        if (Of(memory, command.Prp1, command.Prp2, destination.Length) is not { } pieces)
        {
            return false;
        }

        foreach ((ulong address, int length) in pieces)
        {
            if (!memory.TryRead(new Iova(address), destination[..length]))
            {
                return false;
            }

            destination = destination[length..];
        }

        return true;
    }

    public static bool Scatter(SystemMemory memory, in SubmissionEntry command, ReadOnlySpan<byte> source)
    {
        if (Of(memory, command.Prp1, command.Prp2, source.Length) is not { } pieces)
        {
            return false;
        }

        foreach ((ulong address, int length) in pieces)
        {
            if (!memory.TryWrite(new Iova(address), source[..length]))
            {
                return false;
            }

            source = source[length..];
        }

        return true;
    }
}
