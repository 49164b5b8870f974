using System.Buffers.Binary;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Joining;

/// <summary>Gives the BARs of a function that is on no bus addresses, as firmware would: software takes a BAR that reads zero for none.</summary>
internal static class BarAddresses
{
    private const ulong FirstPort = 0x1000;
    private const ulong First32 = 0x8000_0000;
    private const ulong First64 = 1UL << 46;

    /// <summary>Assigns addresses where there are none.</summary>
    public static void Assign(ConfigurationModel configuration, FunctionLayout layout)
    {
        ulong ports = FirstPort;
        ulong below4G = First32;
        ulong above4G = First64;

        // Largest first, so that each is aligned to its length without gaps.
        foreach (BarLayout bar in layout.Bars.OrderByDescending(bar => bar.Length))
        {
            ref ulong next = ref ports;
            switch (bar.Kind)
            {
                case BarKind.Memory32:
                    next = ref below4G;
                    break;
                case BarKind.Memory64:
                    next = ref above4G;
                    break;
                default:
                    break;
            }

            Assign(configuration, bar, next);
            next += bar.Length;
        }
    }

    private static void Assign(ConfigurationModel configuration, BarLayout bar, ulong address)
    {
        int offset = ConfigurationImage.FirstBar + (4 * bar.Index);
        Span<byte> value = stackalloc byte[bar.Kind == BarKind.Memory64 ? 8 : 4];
        configuration.Read(offset, value);
        value[0] &= 0xF0;
        if (value.IndexOfAnyExcept((byte)0) < 0)
        {
            Span<byte> whole = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(whole, address);
            configuration.Write(offset, whole[..value.Length]);
        }
    }
}
