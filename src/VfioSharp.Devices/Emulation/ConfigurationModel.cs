using System.Buffers.Binary;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// The configuration space of an emulated function: what it reads as, and which bits of it software may change. Not synchronized: its function's control lock is held by whoever calls.
/// </summary>
internal sealed class ConfigurationModel
{
    private const byte D3Hot = 3;
    private const int HeaderType = 0x0E;
    private const int MultiFunction = 0x80;

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

    /// <summary>Whether the function is in D3hot, where it answers in configuration space alone and sends nothing (PCIe 6.0, 5.3.1.4.1).</summary>
    public bool IsAsleep => (image[PowerState] & D3Hot) == D3Hot;

    /// <summary>Whether it may write to and read from memory: awake, and allowed to (PCIe 6.0, 7.5.1.1.3).</summary>
    public bool CanMaster => (Command & PciCommand.BusMaster) != 0 && !IsAsleep;

    private int PowerState => Capabilities.PowerManagement + ConfigurationImage.PowerState;

    public ushort Read16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(offset));

    public uint Read32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(offset));

    public void Read(int offset, Span<byte> data) => image.AsSpan(offset, data.Length).CopyTo(data);

    /// <summary>Writes as software does: what it may not change stays.</summary>
    public void Write(int offset, ReadOnlySpan<byte> data)
    {
        byte state = image[PowerState];
        for (int i = 0; i < data.Length; i++)
        {
            byte mask = writable[offset + i];
            image[offset + i] = (byte)((image[offset + i] & ~mask) | (data[i] & mask));
        }

        // D1 and D2 are not supported: written, they are discarded (PCIe 6.0, 7.5.2.2).
        if ((image[PowerState] & D3Hot) is 1 or 2)
        {
            image[PowerState] = state;
        }
    }

    /// <summary>Sets bits of the Command register, those that the function has.</summary>
    public void Enable(PciCommand bits)
    {
        Span<byte> command = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(command, (ushort)(Command | bits));
        Write(ConfigurationImage.Command, command);
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

    /// <summary>Takes over what another function of the same layout has saved, of it what software may have changed.</summary>
    public void Restore(ReadOnlySpan<byte> saved)
    {
        for (int i = 0; i < image.Length; i++)
        {
            image[i] = (byte)((initial[i] & ~writable[i]) | (saved[i] & writable[i]));
        }
    }

    /// <summary>
    /// Makes of the registers what the function's place on a host asks for: beside which functions it sits, what port it is, and the extended
    /// capabilities that speak of its place. A function that has extended configuration space has none of its own there.
    /// </summary>
    /// <param name="isMultiFunction">Whether others share its device number.</param>
    /// <param name="portType">What it is on PCI Express; ignored for a conventional function.</param>
    /// <param name="extended">The extended capabilities, as configuration space holds them from 0x100 on; ignored for a conventional function.</param>
    /// <param name="extendedWritable">A bit set for each of those bits that software may change.</param>
    public void Place(bool isMultiFunction, PciExpressPortType portType, ReadOnlySpan<byte> extended, ReadOnlySpan<byte> extendedWritable)
    {
        Fix(HeaderType, (byte)(isMultiFunction ? initial[HeaderType] | MultiFunction : initial[HeaderType] & ~MultiFunction));
        if (Capabilities.PciExpress != 0)
        {
            Fix(Capabilities.PciExpress + 2, (byte)((initial[Capabilities.PciExpress + 2] & 0x0F) | ((int)portType << 4)));
            for (int i = 0; i < Length - ConfigurationSpace.ConventionalLength; i++)
            {
                int offset = ConfigurationSpace.ConventionalLength + i;
                Fix(offset, i < extended.Length ? extended[i] : (byte)0);
                writable[offset] = i < extendedWritable.Length ? extendedWritable[i] : (byte)0;
            }
        }
    }

    /// <summary>All registers at their defaults.</summary>
    public void Reset() => initial.CopyTo(image, 0);

    private void Fix(int offset, byte value)
    {
        initial[offset] = value;
        image[offset] = value;
    }
}
