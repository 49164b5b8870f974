using System.Collections.Immutable;
using System.Numerics;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// Which pages of system memory a function has written, for whoever copies that memory while the function works (<c>VFIO_DEVICE_FEATURE_DMA_LOGGING_*</c>,
/// <c>include/uapi/linux/vfio.h</c>). Any thread.
/// </summary>
/// <remarks>Kept in pieces as pages are written, so that a log of a large range costs what was written of it, not what could be.</remarks>
/// <param name="ranges">What to log; everything where there is none.</param>
internal sealed class DirtyLog(ImmutableArray<IovaRange> ranges)
{
    /// <summary>Its unit in bytes.</summary>
    public const ulong PageSize = 1UL << PageShift;

    private const int PageShift = 12;
    private const int PieceShift = 15; // pages a piece
    private const int PieceWords = (1 << PieceShift) / 64;

    private readonly Lock gate = new();
    private readonly Dictionary<ulong, ulong[]> pieces = [];

    /// <summary>The function wrote these bytes; they do not wrap.</summary>
    public void Mark(ulong address, ulong length)
    {
        if (length == 0)
        {
            return;
        }

        ulong last = address + (length - 1);
        lock (gate)
        {
            if (ranges.IsEmpty)
            {
                MarkPages(address >> PageShift, last >> PageShift);
            }

            foreach (IovaRange range in ranges)
            {
                ulong from = Math.Max(address, range.First.Value);
                ulong to = Math.Min(last, range.Last.Value);
                if (from <= to)
                {
                    MarkPages(from >> PageShift, to >> PageShift);
                }
            }
        }
    }

    /// <summary>Tells which pages of a range were written, and forgets it for that range.</summary>
    /// <param name="start">The range's first byte, a multiple of <paramref name="unit"/>.</param>
    /// <param name="length">The range's length in bytes, a multiple of <paramref name="unit"/> and not 0; it does not wrap.</param>
    /// <param name="unit">What a bit stands for, in bytes: a power of two, <see cref="PageSize"/> or more.</param>
    /// <param name="bitmap">A bit for each unit from <paramref name="start"/> on, the lowest bit first: set where something in the unit was written.</param>
    public void Take(ulong start, ulong length, ulong unit, Span<ulong> bitmap)
    {
        bitmap.Clear();
        int shift = BitOperations.Log2(unit) - PageShift;
        ulong first = start >> PageShift;
        ulong last = (start + (length - 1)) >> PageShift;
        ulong firstPiece = first >> PieceShift;
        ulong lastPiece = last >> PieceShift;
        lock (gate)
        {
            // Whoever asks chooses the range: where it is vast, only what is there is looked at.
            if (lastPiece - firstPiece >= (ulong)pieces.Count)
            {
                foreach ((ulong piece, ulong[] words) in pieces)
                {
                    TakePiece(piece, words, first, last, shift, bitmap);
                }

                return;
            }

            for (ulong piece = firstPiece; piece <= lastPiece; piece++)
            {
                if (pieces.TryGetValue(piece, out ulong[]? words))
                {
                    TakePiece(piece, words, first, last, shift, bitmap);
                }
            }
        }
    }

    private static void TakePiece(ulong piece, ulong[] words, ulong first, ulong last, int shift, Span<ulong> bitmap)
    {
        ulong start = piece << PieceShift;
        if (start > last || start + ((1 << PieceShift) - 1) < first)
        {
            return;
        }

        int from = (int)(Math.Max(start, first) - start) / 64;
        int to = (int)(Math.Min(start + ((1 << PieceShift) - 1), last) - start) / 64;
        for (int word = from; word <= to; word++)
        {
            for (ulong left = words[word]; left != 0; left &= left - 1)
            {
                ulong page = start + ((ulong)word * 64) + (ulong)BitOperations.TrailingZeroCount(left);
                if (page >= first && page <= last)
                {
                    words[word] &= ~(1UL << (int)(page % 64));
                    ulong unit = (page - first) >> shift;
                    bitmap[(int)(unit / 64)] |= 1UL << (int)(unit % 64);
                }
            }
        }
    }

    private void MarkPages(ulong first, ulong last)
    {
        ulong[] words = [];
        for (ulong page = first; page <= last; page++)
        {
            int bit = (int)(page & ((1 << PieceShift) - 1));
            if (words.Length == 0 || bit == 0)
            {
                words = PieceOf(page >> PieceShift);
            }

            words[bit / 64] |= 1UL << (bit % 64);
        }
    }

    private ulong[] PieceOf(ulong piece)
    {
        if (!pieces.TryGetValue(piece, out ulong[]? words))
        {
            pieces.Add(piece, words = new ulong[PieceWords]);
        }

        return words;
    }
}
