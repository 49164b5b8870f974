using System.Buffers.Binary;
using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>A table in the host's memory whose 64-bit words have their most significant byte first, as all that IODA bridges read.</summary>
/// <param name="table">The memory.</param>
internal sealed class BigEndianTable(HostTable table)
{
    /// <summary>A word by its value.</summary>
    public ulong Read(int index) => BinaryPrimitives.ReverseEndianness(table.Read(index));

    /// <summary>Writes a word whole.</summary>
    public void Write(int index, ulong value) => table.Write(index, BinaryPrimitives.ReverseEndianness(value));

    /// <summary>The same write, for whoever reaches the table by its address.</summary>
    public TableWrite WriteOf(int index, ulong value) => new(table.Address + (ulong)(index * sizeof(ulong)), BinaryPrimitives.ReverseEndianness(value));
}
