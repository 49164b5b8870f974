using System.Buffers.Binary;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Access;

/// <summary>The configuration space of an open function, by offset, through its backend, which may keep parts of it to itself (vfio-pci
/// virtualises the BARs, the interrupt capabilities and more).</summary>
/// <remarks>When the function is gone, reads give all ones and writes have no effect.</remarks>
public sealed class ConfigurationRegisters
{
    private const ulong CommandOffset = 0x04;
    private const int HeaderLength = 0x40;
    private const byte D3Hot = 3;

    private readonly PciFunction function;
    private readonly Lock gate = new();

    internal ConfigurationRegisters(PciFunction function) => this.function = function;

    // PMCSR of the Power Management capability (PCIe 6.0, 7.5.2.2), its byte with the state; beyond all registers where there is none.
    private int PowerState => field != 0 ? field : field = Read().Capabilities.PowerManagement?.Offset + sizeof(uint) ?? int.MaxValue;

    internal bool IsHeldByCurrentThread => gate.IsHeldByCurrentThread;

    /// <summary>Its length in bytes: 256, or 4096 where there is extended configuration space.</summary>
    public int Length => (int)Math.Min(ConfigurationSpace.MaxLength, function.Shape.Region(RegionIndex.Configuration).Length);

    /// <summary>The Command register (PCIe 6.0, 7.5.1.1.3).</summary>
    public PciCommand ReadCommand() => (PciCommand)Read16((int)CommandOffset);

    /// <summary>Reads a byte.</summary>
    /// <param name="offset">In bytes, below <see cref="Length"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">It lies outside.</exception>
    public byte Read8(int offset)
    {
        Span<byte> data = stackalloc byte[1];
        Read(offset, data);
        return data[0];
    }

    /// <summary>Reads 16 bits.</summary>
    /// <param name="offset">In bytes, a multiple of 2 below <see cref="Length"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">It lies outside.</exception>
    /// <exception cref="ArgumentException">The offset is no multiple of the width.</exception>
    public ushort Read16(int offset)
    {
        Span<byte> data = stackalloc byte[2];
        Read(offset, data);
        return BinaryPrimitives.ReadUInt16LittleEndian(data);
    }

    /// <summary>Reads 32 bits.</summary>
    /// <param name="offset">In bytes, a multiple of 4 below <see cref="Length"/>.</param>
    /// <inheritdoc cref="Read16" path="/exception"/>
    public uint Read32(int offset)
    {
        Span<byte> data = stackalloc byte[4];
        Read(offset, data);
        return BinaryPrimitives.ReadUInt32LittleEndian(data);
    }

    /// <summary>Reads it whole, as it stands now.</summary>
    public ConfigurationSpace Read()
    {
        byte[] image = new byte[Length];
        function.ReadRegion(RegionIndex.Configuration, 0, image);
        return new ConfigurationSpace(image);
    }

    /// <summary>Writes a byte.</summary>
    /// <param name="offset">In bytes, below <see cref="Length"/>.</param>
    /// <param name="value">What to write.</param>
    /// <inheritdoc cref="Write16" path="/exception"/>
    public void Write8(int offset, byte value) => Write(offset, [value]);

    /// <summary>Writes 16 bits.</summary>
    /// <param name="offset">In bytes, a multiple of 2 below <see cref="Length"/>.</param>
    /// <param name="value">What to write.</param>
    /// <exception cref="ArgumentOutOfRangeException">It lies outside.</exception>
    /// <exception cref="ArgumentException">The offset is no multiple of the width.</exception>
    /// <exception cref="InvalidOperationException">
    /// It would turn memory decoding off, or the function to D3hot, while a BAR is mapped: a load from the mapping would end the process.
    /// </exception>
    public void Write16(int offset, ushort value)
    {
        Span<byte> data = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(data, value);
        Write(offset, data);
    }

    /// <summary>Writes 32 bits.</summary>
    /// <param name="offset">In bytes, a multiple of 4 below <see cref="Length"/>.</param>
    /// <param name="value">What to write.</param>
    /// <inheritdoc cref="Write16" path="/exception"/>
    public void Write32(int offset, uint value)
    {
        Span<byte> data = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        Write(offset, data);
    }

    /// <summary>Sets or clears bits of the Command register and leaves the others.</summary>
    /// <param name="bits">Which.</param>
    /// <param name="value">Whether they are to be set.</param>
    /// <inheritdoc cref="Write16" path="/exception[@cref='T:System.InvalidOperationException']"/>
    public void SetCommand(PciCommand bits, bool value)
    {
        lock (gate)
        {
            PciCommand command = ReadCommand();
            Write16((int)CommandOffset, (ushort)(value ? command | bits : command & ~bits));
        }
    }

    private void Read(int offset, Span<byte> data)
    {
        Check(offset, data.Length);
        function.ReadRegion(RegionIndex.Configuration, (ulong)offset, data);
    }

    private void Write(int offset, ReadOnlySpan<byte> data)
    {
        Check(offset, data.Length);
        if (offset == (int)CommandOffset && (data[0] & (byte)PciCommand.MemorySpace) == 0 && function.HasMappings
            && (ReadCommand() & PciCommand.MemorySpace) != 0) // what the function turned off itself, by a reset of its own, is off already
        {
            throw new InvalidOperationException($"memory decoding of {function.Name} cannot be turned off while a BAR is mapped: dispose the BARs first");
        }

        if (offset >= HeaderLength && offset <= PowerState && PowerState < offset + data.Length && (data[PowerState - offset] & D3Hot) == D3Hot && function.HasMappings)
        {
            throw new InvalidOperationException($"{function.Name} cannot be put to sleep while a BAR is mapped: dispose the BARs first");
        }

        function.WriteRegion(RegionIndex.Configuration, (ulong)offset, data);
    }

    private void Check(int offset, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - width);
        if ((offset & (width - 1)) != 0)
        {
            throw new ArgumentException($"offset 0x{offset:x} is no multiple of the access's {width} bytes", nameof(offset));
        }
    }
}
