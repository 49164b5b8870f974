using System.Numerics;
using VfioSharp.Devices.Seam;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// The MSI of an emulated function, with a mask and a pending bit a vector (PCIe 6.0, 6.1.4 and 7.7.1). Not synchronized: the function's control
/// lock is held by whoever calls.
/// </summary>
internal sealed class MsiModel(InterruptModel interrupts, ConfigurationModel configuration, int count)
{
    private readonly int capability = configuration.Capabilities.Msi;

    public int Count => count;

    public bool IsEnabled => (Control & ConfigurationImage.MsiEnable) != 0;

    /// <summary>How many vectors software gave: at most what was asked for.</summary>
    public int Given => Math.Min(1 << ((Control >> 4) & 7), count);

    private ushort Control => configuration.Read16(capability + 2);

    /// <summary>A bit for each vector whose message is held back.</summary>
    public uint Pending
    {
        get => configuration.Read32(capability + ConfigurationImage.MsiPending);
        set => configuration.Set32(capability + ConfigurationImage.MsiPending, value & (uint)((1UL << count) - 1));
    }

    /// <summary>The function wants to send a vector's message; given fewer vectors than it asked for, those with equal low bits are one.</summary>
    public void Raise(int vector)
    {
        int given = vector & (Given - 1);
        if (IsEnabled && !TrySend(given))
        {
            Pending |= 1u << given;
        }
    }

    /// <summary>Sends what is pending and held back no longer.</summary>
    public void Refresh()
    {
        if (!IsEnabled)
        {
            return;
        }

        for (uint left = Pending; left != 0; left &= left - 1)
        {
            int vector = BitOperations.TrailingZeroCount(left);
            if (TrySend(vector))
            {
                Pending &= ~(1u << vector);
            }
        }
    }

    /// <summary>A bit for each vector that is masked.</summary>
    public uint Masks
    {
        get => configuration.Read32(capability + ConfigurationImage.MsiMask);
        private set => configuration.Set32(capability + ConfigurationImage.MsiMask, value);
    }

    /// <summary>Masks or unmasks a vector as the host does.</summary>
    public void SetMask(int vector, bool masked)
    {
        uint before = Masks;
        Masks = masked ? before | (1u << vector) : before & ~(1u << vector);
        NoteMasks(before);
        Refresh();
    }

    /// <summary>Writes what the first vector sends, and where, as the host does.</summary>
    public void SetMessage(ulong address, uint data)
    {
        configuration.Set32(capability + ConfigurationImage.MsiAddress, (uint)address);
        configuration.Set32(capability + ConfigurationImage.MsiAddress + 4, (uint)(address >> 32));
        configuration.Set16(capability + ConfigurationImage.MsiData, ushort.MaxValue, false);
        configuration.Set16(capability + ConfigurationImage.MsiData, (ushort)data, true);
    }

    /// <summary>Tells who wants to know which vectors have been masked, and which unmasked, since the masks were these.</summary>
    public void NoteMasks(uint before)
    {
        for (uint left = before ^ Masks; left != 0; left &= left - 1)
        {
            int vector = BitOperations.TrailingZeroCount(left);
            interrupts.Host?.Masked(InterruptKind.Msi, vector, (before & (1u << vector)) == 0);
        }
    }

    /// <summary>Turns MSI on or off as the host does, with vectors enough for <paramref name="vectors"/>.</summary>
    public void Enable(bool enable, int vectors = 1)
    {
        int exponent = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)vectors));
        configuration.Set16(capability + 2, 7 << 4, false);
        configuration.Set16(capability + 2, (ushort)(exponent << 4), true);
        configuration.Set16(capability + 2, ConfigurationImage.MsiEnable, enable);
    }

    /// <summary>Nothing pending; the rest went with the configuration space.</summary>
    public void Reset() => Pending = 0;

    private bool TrySend(int vector)
    {
        if ((Masks & (1u << vector)) != 0)
        {
            return false;
        }

        ulong address = configuration.Read32(capability + ConfigurationImage.MsiAddress)
            | ((ulong)configuration.Read32(capability + ConfigurationImage.MsiAddress + 4) << 32);
        uint data = configuration.Read16(capability + ConfigurationImage.MsiData);
        return interrupts.Send(InterruptKind.Msi, vector, address, (data & ~((uint)Given - 1)) | (uint)vector);
    }
}
