using System.Globalization;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Pci.Tests.Msix;

/// <summary>A layout of a real device, as public lspci output shows it: a line of Data/msix-layouts.csv.</summary>
internal sealed record MsixLayoutRow(string Device, BarSet Bars, MsixCapability Capability)
{
    public static IReadOnlyList<MsixLayoutRow> All { get; } =
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "msix-layouts.csv")).Skip(1).Select(Parse)];

    private static MsixLayoutRow Parse(string line)
    {
        // Only the first column holds commas, and it is quoted then.
        int end = line.StartsWith('"') ? line.IndexOf('"', 1) + 1 : line.IndexOf(',');
        string[] columns = line[(end + 1)..].Split(',');
        IEnumerable<BarResource> bars = columns[2].Split(';').Select(bar => BarResource.OfLength(Number(bar[..1]), Size(bar[2..])));
        return new MsixLayoutRow(
            line[..end].Trim('"'),
            BarSet.Of([.. bars]),
            new MsixCapability(0, Number(columns[3]), Number(columns[4]), Offset(columns[5]), Number(columns[6]), Offset(columns[7])));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static ulong Offset(string text) => ulong.Parse(text[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static ulong Size(string text)
    {
        int shift = text[^1] switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 };
        return ulong.Parse(shift == 0 ? text : text[..^1], CultureInfo.InvariantCulture) << shift;
    }
}
