using System.Collections;

namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>Numbers given away in runs: table entries, vectors, interrupt numbers.</summary>
/// <param name="first">The lowest.</param>
/// <param name="count">How many there are.</param>
internal sealed class NumberSpace(int first, int count)
{
    private readonly BitArray taken = new(count);
    private int hint;

    /// <summary>The lowest number.</summary>
    public int First => first;

    /// <summary>How many there are, taken or not.</summary>
    public int Count => count;

    /// <summary>Takes a run that begins at a multiple of its length; -1 where there is none.</summary>
    /// <param name="length">A power of two.</param>
    public int Take(int length)
    {
        // Most runs have length one and are never given back, so the search goes on where it ended.
        int found = Search(hint, length);
        found = found < 0 ? Search(0, length) : found;
        if (found >= 0)
        {
            Set(found, length, true);
            hint = found + length;
        }

        return found < 0 ? -1 : first + found;
    }

    /// <summary>Gives a run back.</summary>
    public void Return(int number, int length)
    {
        Set(number - first, length, false);
        hint = Math.Min(hint, number - first);
    }

    private int Search(int from, int length)
    {
        int start = first + from;
        start = ((start + length - 1) & ~(length - 1)) - first;
        for (int at = start; at + length <= count; at += length)
        {
            int free = 0;
            while (free < length && !taken[at + free])
            {
                free++;
            }

            if (free == length)
            {
                return at;
            }
        }

        return -1;
    }

    private void Set(int index, int length, bool value)
    {
        for (int i = 0; i < length; i++)
        {
            taken[index + i] = value;
        }
    }
}
