using System.Globalization;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Pci.Tests.Mapping;

/// <summary>One row of msix-layouts.csv: where a real function has its MSI-X table and PBA.</summary>
internal sealed record RealLayout(string Device, IReadOnlyDictionary<int, ulong> Bars, int Vectors, int TableBar, ulong TableOffset, int PbaBar, ulong PbaOffset)
{
    private static readonly string File = Path.Combine(AppContext.BaseDirectory, "Data", "msix-layouts.csv");

    public static IReadOnlyList<RealLayout> All { get; } = [.. System.IO.File.ReadLines(File).Skip(1).Where(line => line.Length > 0).Select(Parse)];

    public ByteRange Table => new(TableOffset, (ulong)Vectors * 16);

    public ulong BarLength => Bars[TableBar];

    private static RealLayout Parse(string line)
    {
        string[] fields = Split(line);
        return new RealLayout(fields[0],
            fields[3].Split(';').Select(bar => bar.Split(':')).ToDictionary(bar => int.Parse(bar[0], CultureInfo.InvariantCulture), bar => Size(bar[1])),
            int.Parse(fields[4], CultureInfo.InvariantCulture), int.Parse(fields[5], CultureInfo.InvariantCulture), Hex(fields[6]),
            int.Parse(fields[7], CultureInfo.InvariantCulture), Hex(fields[8]));
    }

    private static string[] Split(string line)
    {
        var fields = new List<string>();
        bool quoted = false;
        int start = 0;
        for (int i = 0; i <= line.Length; i++)
        {
            if (i == line.Length || (line[i] == ',' && !quoted))
            {
                fields.Add(line[start..i].Trim('"'));
                start = i + 1;
            }
            else if (line[i] == '"')
            {
                quoted = !quoted;
            }
        }

        return [.. fields];
    }

    private static ulong Hex(string text) => ulong.Parse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static ulong Size(string text) => text[^1] switch
    {
        'K' => ulong.Parse(text[..^1], CultureInfo.InvariantCulture) << 10,
        'M' => ulong.Parse(text[..^1], CultureInfo.InvariantCulture) << 20,
        'G' => ulong.Parse(text[..^1], CultureInfo.InvariantCulture) << 30,
        _ => ulong.Parse(text, CultureInfo.InvariantCulture),
    };
}
