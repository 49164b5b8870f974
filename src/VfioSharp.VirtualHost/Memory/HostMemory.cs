namespace VfioSharp.VirtualHost.Memory;

/// <summary>The host's physical memory, as far as isolation depends on it: the tables of its units. The rest is not there.</summary>
internal sealed class HostMemory
{
    private const ulong FirstAddress = 0x1_0000_0000;

    private readonly Lock gate = new();
    private ulong next = FirstAddress;
    private volatile HostTable[] tables = [];

    /// <summary>The tables, by address.</summary>
    public IReadOnlyList<HostTable> Tables => tables;

    /// <summary>Sets a table aside, all zero.</summary>
    /// <param name="name">What it will hold.</param>
    /// <param name="length">In bytes, a multiple of 8.</param>
    /// <param name="alignment">Of its address, a power of two.</param>
    public HostTable Allocate(string name, int length, int alignment = 4096)
    {
        lock (gate)
        {
            ulong address = (next + (ulong)alignment - 1) & ~((ulong)alignment - 1);
            next = address + (ulong)length;
            var table = new HostTable(name, address, length);
            tables = [.. tables, table];
            return table;
        }
    }

    /// <summary>Reads what lies in one table; false elsewhere.</summary>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        Span<byte> bytes = At(address);
        if (bytes.Length < destination.Length)
        {
            return false;
        }

        bytes[..destination.Length].CopyTo(destination);
        return true;
    }

    /// <summary>Writes what lies in one table; false elsewhere.</summary>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        Span<byte> bytes = At(address);
        if (bytes.Length < source.Length)
        {
            return false;
        }

        source.CopyTo(bytes);
        return true;
    }

    /// <summary>The table that holds words at an address; null where none holds them all.</summary>
    /// <param name="address">A multiple of 8.</param>
    /// <param name="count">How many words.</param>
    /// <param name="index">Which of the table's words is the first.</param>
    public HostTable? Find(ulong address, int count, out int index)
    {
        foreach (HostTable table in tables)
        {
            if (table.Holds(address, count, out index))
            {
                return table;
            }
        }

        index = -1;
        return null;
    }

    /// <summary>The bytes at an address up to the end of the table there; empty where there is none.</summary>
    public Span<byte> At(ulong address)
    {
        foreach (HostTable table in tables)
        {
            if (address - table.Address < (ulong)table.Length)
            {
                return table.Bytes[(int)(address - table.Address)..];
            }
        }

        return [];
    }
}
