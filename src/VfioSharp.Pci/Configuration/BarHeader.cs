namespace VfioSharp.Pci.Configuration;

/// <summary>Reads the base address registers of a header (PCIe 6.0, 7.5.1.2.1 and 7.5.1.3.1; ROM: 7.5.1.2.4).</summary>
/// <remarks>A register that reads zero is taken for unimplemented: an unassigned 32-bit memory BAR looks the same.</remarks>
internal static class BarHeader
{
    private const int FirstRegister = 0x10;
    private const uint IoBit = 1;
    private const uint TypeMask = 6;
    private const uint Type64 = 4;
    private const uint PrefetchBit = 8;

    public static BarSet Read(ConfigurationSpace configuration)
    {
        Span<BarResource> bars = stackalloc BarResource[BarResource.RomIndex + 1];
        BarSet.Clear(bars);
        if (!configuration.HoldsHeader)
        {
            return new BarSet(bars, []);
        }

        var findings = new List<ConfigurationFinding>();
        (int count, int rom) = configuration.HeaderType switch
        {
            HeaderType.Endpoint => (6, 0x30),
            HeaderType.Bridge => (2, 0x38),
            _ => (0, 0),
        };
        for (int i = 0; i < count; i++)
        {
            uint register = configuration.Read32(FirstRegister + (4 * i));
            if (register == 0)
            {
                continue;
            }

            bars[i] = (register & IoBit) != 0 ? Io(i, register) : Memory(i, register, upper: 0);
            if (bars[i].Kind != BarKind.Memory64)
            {
                continue;
            }

            if (i + 1 == count)
            {
                findings.Add(new ConfigurationFinding(FirstRegister + (4 * i), $"BAR {i} has 64 bits, and no register follows to hold the upper half"));
                continue;
            }

            bars[i] = Memory(i, register, configuration.Read32(FirstRegister + (4 * (i + 1))));
            i++;
            bars[i] = new BarResource { Index = i, Kind = BarKind.UpperHalf };
        }

        if (rom != 0 && configuration.Read32(rom) is var romRegister && (romRegister & ~0x7FFu) is not 0 and uint romAddress)
        {
            bars[BarResource.RomIndex] = new BarResource(BarResource.RomIndex, BarKind.Rom, false, romAddress, 0, true);
        }

        return new BarSet(bars, [.. findings]);
    }

    private static BarResource Io(int index, uint register)
    {
        uint address = register & ~3u;
        return new BarResource(index, BarKind.Io, false, address, 0, address != 0);
    }

    private static BarResource Memory(int index, uint register, uint upper)
    {
        BarKind kind = (register & TypeMask) == Type64 ? BarKind.Memory64 : BarKind.Memory32;
        ulong address = ((ulong)upper << 32) | (register & ~0xFu);
        return new BarResource(index, kind, (register & PrefetchBit) != 0, address, 0, address != 0);
    }
}
