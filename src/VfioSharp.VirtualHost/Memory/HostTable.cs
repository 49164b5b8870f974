namespace VfioSharp.VirtualHost.Memory;

/// <summary>
/// A piece of the host's memory that hardware reads: a table of an isolation unit. Whoever reaches it by DMA can change it, as on a real host; nothing
/// but an IOMMU keeps a function from that.
/// </summary>
/// <param name="name">What it holds, for messages.</param>
/// <param name="address">Where it begins in the host's physical memory.</param>
/// <param name="length">In bytes, a multiple of 8.</param>
internal sealed class HostTable(string name, ulong address, int length)
{
    private readonly ulong[] words = new ulong[length / sizeof(ulong)];

    public string Name => name;

    public ulong Address => address;

    public int Length => length;

    /// <summary>One of its 64-bit words, as hardware reads it: whole, and from memory.</summary>
    /// <param name="index">Which one.</param>
    public ulong Read(int index) => Volatile.Read(ref words[index]);

    /// <summary>Whether it holds words at an address, for hardware that got the address from a table.</summary>
    /// <param name="at">A multiple of 8.</param>
    /// <param name="count">How many words.</param>
    /// <param name="index">Which is the first.</param>
    public bool Holds(ulong at, int count, out int index)
    {
        ulong first = (at - address) / sizeof(ulong);
        index = (int)first;
        return first < (ulong)words.Length && count <= words.Length - index;
    }

    /// <summary>Writes a 64-bit word whole.</summary>
    public void Write(int index, ulong value) => Volatile.Write(ref words[index], value);

    /// <summary>Its bytes, for those who reach it by address.</summary>
    public Span<byte> Bytes => System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan());
}
