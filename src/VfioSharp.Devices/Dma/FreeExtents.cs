namespace VfioSharp.Devices.Dma;

/// <summary>
/// Extents of free addresses by their first one, in a treap whose nodes know the longest extent below them, so that the lowest one long enough is
/// found without visiting those that are too short. Lengths are kept as last minus first: the whole 64-bit space has one then.
/// </summary>
internal sealed class FreeExtents
{
    private Node? root;
    private uint random = 0x9e3779b9;

    /// <summary>The extents, ascending.</summary>
    public IEnumerable<(ulong First, ulong Last)> All => InOrder(root);

    /// <summary>Adds an extent that overlaps none.</summary>
    public void Add(ulong first, ulong last)
    {
        // Priorities need not be good, only other than the order of addresses (xorshift32).
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        (Node? below, Node? above) = Split(root, first);
        root = Join(Join(below, new Node(first, last, random)), above);
    }

    /// <summary>Removes the extent that starts there.</summary>
    public void Remove(ulong first) => root = Remove(root, first);

    /// <summary>The last extent that starts at or before an address.</summary>
    public bool TryFindAt(ulong address, out ulong first, out ulong last)
    {
        Node? found = null;
        for (Node? node = root; node is not null; node = node.First <= address ? node.Right : node.Left)
        {
            found = node.First <= address ? node : found;
        }

        (first, last) = found is null ? default : (found.First, found.Last);
        return found is not null;
    }

    /// <summary>The lowest place for <paramref name="length"/> plus one addresses, aligned, all between two bounds.</summary>
    public bool TryFindPlace(ulong length, ulong alignment, ulong lowest, ulong highest, out ulong place) =>
        TryFindPlace(root, length, alignment, lowest, highest, out place);

    // Where the alignment is that of all extents, the first extent long enough fits, but for the lowest and the last one within the bounds: one path
    // down. A larger alignment also visits those that would have fitted without it.
    private static bool TryFindPlace(Node? node, ulong length, ulong alignment, ulong lowest, ulong highest, out ulong place)
    {
        place = 0;
        if (node is null || node.Longest < length)
        {
            return false;
        }

        return TryFindPlace(node.Left, length, alignment, lowest, highest, out place)
            || (node.First <= highest
                && (node.Fits(length, alignment, lowest, highest, out place)
                    || TryFindPlace(node.Right, length, alignment, lowest, highest, out place)));
    }

    private static IEnumerable<(ulong First, ulong Last)> InOrder(Node? node) =>
        node is null ? [] : InOrder(node.Left).Append((node.First, node.Last)).Concat(InOrder(node.Right));

    private static (Node? Below, Node? Above) Split(Node? node, ulong first)
    {
        if (node is null)
        {
            return default;
        }

        if (node.First < first)
        {
            (node.Right, Node? above) = Split(node.Right, first);
            node.Update();
            return (node, above);
        }

        (Node? below, node.Left) = Split(node.Left, first);
        node.Update();
        return (below, node);
    }

    private static Node? Join(Node? below, Node? above)
    {
        if (below is null || above is null)
        {
            return below ?? above;
        }

        if (below.Priority > above.Priority)
        {
            below.Right = Join(below.Right, above);
            below.Update();
            return below;
        }

        above.Left = Join(below, above.Left);
        above.Update();
        return above;
    }

    private static Node? Remove(Node? node, ulong first)
    {
        if (node is null || node.First == first)
        {
            return node is null ? null : Join(node.Left, node.Right);
        }

        if (first < node.First)
        {
            node.Left = Remove(node.Left, first);
        }
        else
        {
            node.Right = Remove(node.Right, first);
        }

        node.Update();
        return node;
    }

    private sealed class Node(ulong first, ulong last, uint priority)
    {
        public ulong First => first;

        public ulong Last => last;

        public uint Priority => priority;

        public ulong Longest { get; private set; } = last - first;

        public Node? Left { get; set; }

        public Node? Right { get; set; }

        public void Update() => Longest = Math.Max(last - first, Math.Max(Left?.Longest ?? 0, Right?.Longest ?? 0));

        public bool Fits(ulong length, ulong alignment, ulong lowest, ulong highest, out ulong place)
        {
            ulong from = Math.Max(first, lowest);
            ulong to = Math.Min(last, highest);
            place = unchecked(from + alignment - 1) & ~(alignment - 1);
            return place >= from && place <= to && to - place >= length;
        }
    }
}
