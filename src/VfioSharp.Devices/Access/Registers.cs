using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Access;

/// <summary>
/// The registers of a BAR, by offset, each access one load or store of exactly its width (or one message to the backend where the page is trapped),
/// little-endian as PCI is, in program order.
/// </summary>
/// <remarks>
/// <para>This file is the only one that loads from or stores to a BAR. Its accessors are not inlined: the compiler narrows a volatile load whose
/// caller uses a few of its bits, and a register may not take that (measured on .NET 10). Each ends by keeping this object alive, so that no
/// finaliser unmaps under the access. A test decodes their machine code.</para>
/// <para>When the function is gone or the BAR disposed, reads give all ones and writes have no effect.</para>
/// </remarks>
public sealed unsafe class Registers
{
    // Optimised at once and once for all: what the width test decodes is what runs.
    private const MethodImplOptions Exact = MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization;

    private readonly PciFunction function;
    private readonly BarAperture aperture;
    private readonly BarResource resource;
    private readonly byte* start;

    // The longest mapped range, which holds all registers as a rule, and the table in it. Zero-length ranges hold no offset.
    private readonly ulong fast;
    private readonly ulong readable;
    private readonly ulong table;
    private readonly ulong tableLength;
    private ulong writable;

    internal Registers(PciFunction function, BarResource resource, MsixTableDecision decision, BarAperture aperture)
    {
        this.function = function;
        this.aperture = aperture;
        this.resource = resource;
        start = (byte*)aperture.Address;
        ByteRange longest = decision.Mapped.IsEmpty ? default : decision.Mapped.MaxBy(range => range.Length);
        fast = longest.Offset;
        readable = writable = longest.Length;
        ByteRange entries = decision.Question.Table ?? default;
        table = entries.Offset;
        tableLength = entries.Length;
        aperture.Gone += () => Volatile.Write(ref writable, 0);
    }

    /// <summary>The BAR's length in bytes.</summary>
    public ulong Length => resource.Length;

    /// <summary>Reads a byte.</summary>
    /// <param name="offset">The register's offset in the BAR in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The register does not lie in the BAR.</exception>
    [MethodImpl(Exact)]
    public byte Read8(ulong offset)
    {
        byte value = offset - fast < readable ? Volatile.Read(ref *(start + offset)) : (byte)ReadElsewhere(offset, sizeof(byte));
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Reads 16 bits.</summary>
    /// <param name="offset">The register's offset in the BAR in bytes, a multiple of 2.</param>
    /// <exception cref="ArgumentException">The offset is no multiple of the width.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The register does not lie in the BAR.</exception>
    [MethodImpl(Exact)]
    public ushort Read16(ulong offset)
    {
        ushort value = offset - fast < readable && (offset & 1) == 0
            ? Volatile.Read(ref *(ushort*)(start + offset)) : (ushort)ReadElsewhere(offset, sizeof(ushort));
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Reads 32 bits.</summary>
    /// <param name="offset">The register's offset in the BAR in bytes, a multiple of 4.</param>
    /// <inheritdoc cref="Read16" path="/exception"/>
    [MethodImpl(Exact)]
    public uint Read32(ulong offset)
    {
        uint value = offset - fast < readable && (offset & 3) == 0
            ? Volatile.Read(ref *(uint*)(start + offset)) : (uint)ReadElsewhere(offset, sizeof(uint));
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Reads 64 bits at once. Not every function and not every backend can; where in doubt read twice 32.</summary>
    /// <param name="offset">The register's offset in the BAR in bytes, a multiple of 8.</param>
    /// <inheritdoc cref="Read16" path="/exception"/>
    [MethodImpl(Exact)]
    public ulong Read64(ulong offset)
    {
        ulong value = offset - fast < readable && (offset & 7) == 0
            ? Volatile.Read(ref *(ulong*)(start + offset)) : ReadElsewhere(offset, sizeof(ulong));
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Writes a byte.</summary>
    /// <param name="offset">The register's offset in the BAR in bytes.</param>
    /// <param name="value">What to write.</param>
    /// <exception cref="ArgumentOutOfRangeException">The register does not lie in the BAR.</exception>
    /// <exception cref="InvalidOperationException">It is an entry of the MSI-X table, which the host alone writes.</exception>
    [MethodImpl(Exact)]
    public void Write8(ulong offset, byte value)
    {
        if (offset - fast < writable && offset - table >= tableLength)
        {
            Volatile.Write(ref *(start + offset), value);
        }
        else
        {
            WriteElsewhere(offset, sizeof(byte), value);
        }

        GC.KeepAlive(this);
    }

    /// <summary>Writes 16 bits.</summary>
    /// <param name="offset">The register's offset in the BAR in bytes, a multiple of 2.</param>
    /// <param name="value">What to write.</param>
    /// <exception cref="ArgumentException">The offset is no multiple of the width.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The register does not lie in the BAR.</exception>
    /// <exception cref="InvalidOperationException">It is an entry of the MSI-X table, which the host alone writes.</exception>
    [MethodImpl(Exact)]
    public void Write16(ulong offset, ushort value)
    {
        if (offset - fast < writable && (offset & 1) == 0 && offset - table >= tableLength)
        {
            Volatile.Write(ref *(ushort*)(start + offset), value);
        }
        else
        {
            WriteElsewhere(offset, sizeof(ushort), value);
        }

        GC.KeepAlive(this);
    }

    /// <summary>Writes 32 bits.</summary>
    /// <param name="offset">The register's offset in the BAR in bytes, a multiple of 4.</param>
    /// <param name="value">What to write.</param>
    /// <inheritdoc cref="Write16" path="/exception"/>
    [MethodImpl(Exact)]
    public void Write32(ulong offset, uint value)
    {
        if (offset - fast < writable && (offset & 3) == 0 && offset - table >= tableLength)
        {
            Volatile.Write(ref *(uint*)(start + offset), value);
        }
        else
        {
            WriteElsewhere(offset, sizeof(uint), value);
        }

        GC.KeepAlive(this);
    }

    /// <summary>Writes 64 bits at once. Not every function and not every backend can; where in doubt write twice 32.</summary>
    /// <param name="offset">The register's offset in the BAR in bytes, a multiple of 8.</param>
    /// <param name="value">What to write.</param>
    /// <inheritdoc cref="Write16" path="/exception"/>
    [MethodImpl(Exact)]
    public void Write64(ulong offset, ulong value)
    {
        if (offset - fast < writable && (offset & 7) == 0 && offset - table >= tableLength)
        {
            Volatile.Write(ref *(ulong*)(start + offset), value);
        }
        else
        {
            WriteElsewhere(offset, sizeof(ulong), value);
        }

        GC.KeepAlive(this);
    }

    /// <summary>For the demonstration of what isolation is worth, and nothing else: a store to the mapped MSI-X table.</summary>
    internal void WriteTable32(ulong offset, uint value)
    {
        Check(offset, sizeof(uint));
        if (!aperture.Contains(offset))
        {
            throw new InvalidOperationException($"offset 0x{offset:x} of {function.Name}'s BAR {resource.Index} is not mapped");
        }

        RawWrite32(start + offset, value);
        GC.KeepAlive(this);
    }

    // Another mapped range, the backend, or a mistake of the caller's.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong ReadElsewhere(ulong offset, int width)
    {
        Check(offset, width);
        if (aperture.Contains(offset))
        {
            byte* address = start + offset;
            return width switch
            {
                1 => RawRead8(address),
                2 => RawRead16(address),
                4 => RawRead32(address),
                _ => RawRead64(address),
            };
        }

        Span<byte> data = stackalloc byte[sizeof(ulong)];
        data.Clear();
        if (aperture.IsGone)
        {
            data.Fill(byte.MaxValue);
        }
        else
        {
            function.ReadRegion(resource.Index, offset, data[..width]);
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(data);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteElsewhere(ulong offset, int width, ulong value)
    {
        Check(offset, width);
        if (offset - table < tableLength)
        {
            throw new InvalidOperationException(
                $"offset 0x{offset:x} of {function.Name}'s BAR {resource.Index} is an entry of the MSI-X table: the host alone writes it; use its vectors");
        }

        if (aperture.IsGone)
        {
            return;
        }

        if (aperture.Contains(offset))
        {
            byte* address = start + offset;
            switch (width)
            {
                case 1:
                    RawWrite8(address, (byte)value);
                    break;
                case 2:
                    RawWrite16(address, (ushort)value);
                    break;
                case 4:
                    RawWrite32(address, (uint)value);
                    break;
                default:
                    RawWrite64(address, value);
                    break;
            }

            return;
        }

        Span<byte> data = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(data, value);
        function.WriteRegion(resource.Index, offset, data[..width]);
    }

    private void Check(ulong offset, int width)
    {
        if (offset >= resource.Length || (ulong)width > resource.Length - offset)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"0x{offset:x}", $"{width} bytes there do not lie in {function.Name}'s BAR {resource.Index} of 0x{resource.Length:x} bytes");
        }

        if ((offset & ((ulong)width - 1)) != 0)
        {
            throw new ArgumentException($"offset 0x{offset:x} is no multiple of the access's {width} bytes", nameof(offset));
        }
    }

    [MethodImpl(Exact)]
    internal static byte RawRead8(byte* address) => Volatile.Read(ref *address);

    [MethodImpl(Exact)]
    internal static ushort RawRead16(byte* address) => Volatile.Read(ref *(ushort*)address);

    [MethodImpl(Exact)]
    internal static uint RawRead32(byte* address) => Volatile.Read(ref *(uint*)address);

    [MethodImpl(Exact)]
    internal static ulong RawRead64(byte* address) => Volatile.Read(ref *(ulong*)address);

    [MethodImpl(Exact)]
    internal static void RawWrite8(byte* address, byte value) => Volatile.Write(ref *address, value);

    [MethodImpl(Exact)]
    internal static void RawWrite16(byte* address, ushort value) => Volatile.Write(ref *(ushort*)address, value);

    [MethodImpl(Exact)]
    internal static void RawWrite32(byte* address, uint value) => Volatile.Write(ref *(uint*)address, value);

    [MethodImpl(Exact)]
    internal static void RawWrite64(byte* address, ulong value) => Volatile.Write(ref *(ulong*)address, value);
}
