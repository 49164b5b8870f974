using System.Buffers.Binary;
using VfioSharp.Devices.Access;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// A range of a BAR that is plain memory, as the function sees it: shared with the drivers that map it, who may read and write it at any time.
/// </summary>
/// <remarks>Each access is one load or store of exactly its width, little-endian, in program order.</remarks>
public sealed unsafe class BarMemory
{
    private readonly BarStore store;
    private readonly byte* start;

    internal BarMemory(BarStore store, ByteRange range)
    {
        this.store = store;
        Range = range;
        start = (byte*)store.Address + range.Offset;
    }

    /// <summary>Where it lies in its BAR.</summary>
    public ByteRange Range { get; }

    /// <summary>Its length in bytes.</summary>
    public ulong Length => Range.Length;

    /// <summary>Reads a byte.</summary>
    /// <param name="offset">In bytes from the start of the range.</param>
    /// <exception cref="ArgumentOutOfRangeException">It does not lie in the range.</exception>
    public byte Read8(ulong offset)
    {
        byte value = Registers.RawRead8(At(offset, sizeof(byte)));
        GC.KeepAlive(store);
        return value;
    }

    /// <summary>Reads 16 bits.</summary>
    /// <param name="offset">In bytes from the start of the range, a multiple of 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">It does not lie in the range.</exception>
    /// <exception cref="ArgumentException">The offset is no multiple of the width.</exception>
    public ushort Read16(ulong offset)
    {
        ushort value = Registers.RawRead16(At(offset, sizeof(ushort)));
        GC.KeepAlive(store);
        return Order(value);
    }

    /// <summary>Reads 32 bits.</summary>
    /// <param name="offset">In bytes from the start of the range, a multiple of 4.</param>
    /// <inheritdoc cref="Read16" path="/exception"/>
    public uint Read32(ulong offset)
    {
        uint value = Registers.RawRead32(At(offset, sizeof(uint)));
        GC.KeepAlive(store);
        return Order(value);
    }

    /// <summary>Reads 64 bits.</summary>
    /// <param name="offset">In bytes from the start of the range, a multiple of 8.</param>
    /// <inheritdoc cref="Read16" path="/exception"/>
    public ulong Read64(ulong offset)
    {
        ulong value = Registers.RawRead64(At(offset, sizeof(ulong)));
        GC.KeepAlive(store);
        return Order(value);
    }

    /// <summary>Writes a byte.</summary>
    /// <param name="offset">In bytes from the start of the range.</param>
    /// <param name="value">What to write.</param>
    /// <inheritdoc cref="Read8" path="/exception"/>
    public void Write8(ulong offset, byte value)
    {
        Registers.RawWrite8(At(offset, sizeof(byte)), value);
        GC.KeepAlive(store);
    }

    /// <summary>Writes 16 bits.</summary>
    /// <param name="offset">In bytes from the start of the range, a multiple of 2.</param>
    /// <param name="value">What to write.</param>
    /// <inheritdoc cref="Read16" path="/exception"/>
    public void Write16(ulong offset, ushort value)
    {
        Registers.RawWrite16(At(offset, sizeof(ushort)), Order(value));
        GC.KeepAlive(store);
    }

    /// <summary>Writes 32 bits.</summary>
    /// <param name="offset">In bytes from the start of the range, a multiple of 4.</param>
    /// <param name="value">What to write.</param>
    /// <inheritdoc cref="Read16" path="/exception"/>
    public void Write32(ulong offset, uint value)
    {
        Registers.RawWrite32(At(offset, sizeof(uint)), Order(value));
        GC.KeepAlive(store);
    }

    /// <summary>Writes 64 bits.</summary>
    /// <param name="offset">In bytes from the start of the range, a multiple of 8.</param>
    /// <param name="value">What to write.</param>
    /// <inheritdoc cref="Read16" path="/exception"/>
    public void Write64(ulong offset, ulong value)
    {
        Registers.RawWrite64(At(offset, sizeof(ulong)), Order(value));
        GC.KeepAlive(store);
    }

    /// <summary>Copies bytes out, in no particular widths.</summary>
    /// <param name="offset">In bytes from the start of the range.</param>
    /// <param name="destination">Where to.</param>
    /// <exception cref="ArgumentOutOfRangeException">They do not all lie in the range.</exception>
    public void CopyTo(ulong offset, Span<byte> destination)
    {
        CheckRange(offset, destination.Length);
        new ReadOnlySpan<byte>(start + offset, destination.Length).CopyTo(destination);
        GC.KeepAlive(store);
    }

    /// <summary>Copies bytes in, in no particular widths.</summary>
    /// <param name="offset">In bytes from the start of the range.</param>
    /// <param name="source">Where from.</param>
    /// <exception cref="ArgumentOutOfRangeException">They do not all lie in the range.</exception>
    public void CopyFrom(ulong offset, ReadOnlySpan<byte> source)
    {
        CheckRange(offset, source.Length);
        source.CopyTo(new Span<byte>(start + offset, source.Length));
        GC.KeepAlive(store);
    }

    /// <summary>All zeros.</summary>
    internal void Clear()
    {
        for (ulong offset = 0; offset < Length; offset += int.MaxValue)
        {
            new Span<byte>(start + offset, (int)Math.Min(int.MaxValue, Length - offset)).Clear();
        }

        GC.KeepAlive(store);
    }

    /// <summary>Reads a value of 1, 2, 4 or 8 bytes.</summary>
    internal ulong Read(ulong offset, int width) => width switch
    {
        1 => Read8(offset),
        2 => Read16(offset),
        4 => Read32(offset),
        _ => Read64(offset),
    };

    /// <summary>Writes a value of 1, 2, 4 or 8 bytes.</summary>
    internal void Write(ulong offset, int width, ulong value)
    {
        switch (width)
        {
            case 1:
                Write8(offset, (byte)value);
                break;
            case 2:
                Write16(offset, (ushort)value);
                break;
            case 4:
                Write32(offset, (uint)value);
                break;
            default:
                Write64(offset, value);
                break;
        }
    }

    private static ushort Order(ushort value) => BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);

    private static uint Order(uint value) => BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);

    private static ulong Order(ulong value) => BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);

    private byte* At(ulong offset, int width)
    {
        CheckRange(offset, width);
        byte* address = start + offset;
        return ((nuint)address & ((nuint)width - 1)) == 0
            ? address : throw new ArgumentException($"offset 0x{offset:x} is no multiple of the access's {width} bytes", nameof(offset));
    }

    private void CheckRange(ulong offset, int length)
    {
        if (offset > Length || (ulong)length > Length - offset)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"0x{offset:x}", $"{length} bytes there do not lie in the 0x{Length:x} bytes of memory {Range}");
        }
    }
}
