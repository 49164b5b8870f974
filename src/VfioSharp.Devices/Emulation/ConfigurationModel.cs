using System.Buffers.Binary;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// The configuration space of an emulated function: what it reads as, which bits of it software may change, and which it clears by writing ones.
/// Not synchronized: its function's control lock is held by whoever calls.
/// </summary>
internal sealed class ConfigurationModel
{
    private readonly byte[] image;
    private readonly byte[] initial;
    private readonly byte[] writable;

    /// <summary>Takes the registers as they are after reset.</summary>
    /// <param name="initial">What they read as.</param>
    /// <param name="writable">A bit set for each that software may change.</param>
    /// <param name="capabilities">Where the capabilities lie.</param>
    public ConfigurationModel(byte[] initial, byte[] writable, CapabilityOffsets capabilities)
    {
        this.initial = initial;
        this.writable = writable;
        image = [.. initial];
        Capabilities = capabilities;
    }

    /// <summary>256 or 4096 bytes.</summary>
    public int Length => image.Length;

    public CapabilityOffsets Capabilities { get; }

    public PciCommand Command => (PciCommand)Read16(ConfigurationImage.Command);

    public ushort Read16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(offset));

    public uint Read32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(offset));

    public void Read(int offset, Span<byte> data) => image.AsSpan(offset, data.Length).CopyTo(data);

    /// <summary>Writes as software does: what it may not change stays.</summary>
    public void Write(int offset, ReadOnlySpan<byte> data)
    {
        for (int i = 0; i < data.Length; i++)
        {
            byte mask = writable[offset + i];
            image[offset + i] = (byte)((image[offset + i] & ~mask) | (data[i] & mask));
        }
    }

    /// <summary>Changes a register as the function itself does, read-only bits included.</summary>
    public void Set16(int offset, ushort bits, bool value)
    {
        ushort register = Read16(offset);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(offset), (ushort)(value ? register | bits : register & ~bits));
    }

    public void Set32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(offset), value);

    /// <summary>What software set, to be written back after a reset.</summary>
    public byte[] Save() => [.. image];

    /// <summary>All registers at their defaults.</summary>
    public void Reset() => initial.CopyTo(image, 0);
}
