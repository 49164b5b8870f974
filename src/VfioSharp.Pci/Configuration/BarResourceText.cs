using System.Globalization;

namespace VfioSharp.Pci.Configuration;

/// <summary>
/// The text of sysfs's <c>resource</c> file (<c>resource_show()</c>, drivers/pci/pci-sysfs.c): a line a resource, each of first address,
/// last address and flags; lines 0 to 5 the BARs, line 6 the ROM, then VF BARs and bridge windows, which are no BARs of this function.
/// </summary>
internal static class BarResourceText
{
    // include/linux/ioport.h
    private const ulong IoFlag = 0x100;
    private const ulong MemoryFlag = 0x200;
    private const ulong PrefetchFlag = 0x2000;
    private const ulong Memory64Flag = 0x10_0000;
    private const ulong DisabledFlag = 0x1000_0000;
    private const ulong UnsetFlag = 0x2000_0000;

    private const int LastBar = BarResource.RomIndex - 1;
    private const int FirstRegister = 0x10;
    private const int RomRegister = 0x30;

    public static BarSet Read(string text)
    {
        Span<BarResource> bars = stackalloc BarResource[BarResource.RomIndex + 1];
        BarSet.Clear(bars);
        var findings = new List<ConfigurationFinding>();
        int index = 0;
        foreach (ReadOnlySpan<char> line in text.AsSpan().TrimEnd().EnumerateLines())
        {
            if (index > BarResource.RomIndex)
            {
                break;
            }

            ReadLine(line, index++, bars, findings);
        }

        if (index <= BarResource.RomIndex)
        {
            findings.Add(new ConfigurationFinding(Register(index), $"the host shows {index} resources, less than the seven of any function"));
        }

        return new BarSet(bars, [.. findings]);
    }

    private static void ReadLine(ReadOnlySpan<char> line, int index, Span<BarResource> bars, List<ConfigurationFinding> findings)
    {
        if (!TryParse(line, out ulong first, out ulong last, out ulong flags) || last < first || last - first == ulong.MaxValue)
        {
            findings.Add(new ConfigurationFinding(Register(index), $"{Name(index)}: the host shows '{line}', which is no range of addresses"));
            return;
        }

        BarKind kind = (index, flags & (IoFlag | MemoryFlag)) switch
        {
            (BarResource.RomIndex, MemoryFlag) => BarKind.Rom,
            (_, IoFlag) when index != BarResource.RomIndex => BarKind.Io,
            (_, MemoryFlag) => (flags & Memory64Flag) != 0 ? BarKind.Memory64 : BarKind.Memory32,
            _ => BarKind.Unimplemented,
        };
        if (kind == BarKind.Unimplemented)
        {
            NoteUnlessEmpty(first, last, flags, index, findings);
            if (index is > 0 and <= LastBar && bars[index - 1].Kind == BarKind.Memory64)
            {
                bars[index] = new BarResource { Index = index, Kind = BarKind.UpperHalf };
            }

            return;
        }

        if (index is > 0 and <= LastBar && bars[index - 1].Kind == BarKind.Memory64)
        {
            findings.Add(new ConfigurationFinding(Register(index), $"{Name(index)} should be the upper half of 64-bit BAR {index - 1}, and is a BAR of its own"));
        }

        // Both zero is how "no addresses" is written; a range that begins at zero is one whose length alone is known.
        ulong length = first == 0 && last == 0 ? 0 : last - first + 1;
        bool isAssigned = first != 0 && (flags & (UnsetFlag | DisabledFlag)) == 0;
        bars[index] = new BarResource(index, kind, (flags & PrefetchFlag) != 0, first, length, isAssigned);
    }

    private static void NoteUnlessEmpty(ulong first, ulong last, ulong flags, int index, List<ConfigurationFinding> findings)
    {
        if (first != 0 || last != 0 || (flags & (IoFlag | MemoryFlag)) != 0)
        {
            findings.Add(new ConfigurationFinding(
                Register(index),
                string.Create(CultureInfo.InvariantCulture, $"{Name(index)}: flags 0x{flags:x} make it neither memory nor I/O ports")));
        }
    }

    private static bool TryParse(ReadOnlySpan<char> line, out ulong first, out ulong last, out ulong flags)
    {
        first = last = flags = 0;
        Span<Range> columns = stackalloc Range[4];
        int count = line.Split(columns, ' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return count == 3
            && TryHex(line[columns[0]], out first)
            && TryHex(line[columns[1]], out last)
            && TryHex(line[columns[2]], out flags);
    }

    private static bool TryHex(ReadOnlySpan<char> text, out ulong value)
    {
        value = 0;
        return text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            && ulong.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    private static int Register(int index) => index == BarResource.RomIndex ? RomRegister : FirstRegister + (4 * index);

    private static string Name(int index) => index == BarResource.RomIndex ? "the expansion ROM" : $"BAR {index}";
}
