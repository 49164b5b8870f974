using System.Globalization;
using System.Text.RegularExpressions;

namespace VfioSharp.Cli.Tests.Plan;

/// <summary>A row of msix-layouts.csv: where a real function has its MSI-X table and PBA.</summary>
internal sealed record LayoutRow(string Device, ulong BarLength, int Vectors, int TableBar, ulong TableOffset, int PbaBar, ulong PbaOffset)
{
    private const int EntryLength = 16;

    public static IReadOnlyList<LayoutRow> All { get; } =
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "msix-layouts.csv")).Skip(1).Where(line => line.Length > 0).Select(Parse)];

    public ulong TableLength => (ulong)Vectors * EntryLength;

    public ulong PbaLength => (ulong)Math.Ceiling(Vectors / 64.0) * 8;

    /// <summary>As a plan's arguments.</summary>
    public string[] Arguments =>
    [
        "--bar", BarLength.ToString(CultureInfo.InvariantCulture), "--table", $"0x{TableOffset:x}", "--vectors", Vectors.ToString(CultureInfo.InvariantCulture),
        "--pba", PbaBar == TableBar ? $"0x{PbaOffset:x}" : $"{PbaBar}:0x{PbaOffset:x}",
    ];

    /// <summary>The rule that the row breaks, found out byte by byte; null where it breaks none.</summary>
    public string? BrokenRule()
    {
        ulong[] table = [.. Bytes(TableOffset, TableLength)];
        ulong[] pba = [.. Bytes(PbaOffset, PbaLength)];
        return table.Any(offset => offset >= BarLength) ? "tableInsideBar"
            : PbaBar == TableBar && pba.Any(offset => offset >= BarLength) ? "pbaInsideBar"
            : PbaBar == TableBar && table.Intersect(pba).Any() ? "pbaApart"
            : null;
    }

    /// <summary>The pages that hold a byte of the table, marked byte by byte.</summary>
    public SortedSet<ulong> TablePages(ulong pageSize) => [.. Bytes(TableOffset, TableLength).Select(offset => offset / pageSize)];

    public override string ToString() => Device;

    private static IEnumerable<ulong> Bytes(ulong offset, ulong length)
    {
        for (ulong i = 0; i < length; i++)
        {
            yield return offset + i;
        }
    }

    private static LayoutRow Parse(string line)
    {
        string[] fields = [.. Regex.Matches(line, """(?:^|,)(?:"([^"]*)"|([^,]*))""")
            .Select(match => match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value)];
        int tableBar = Number(fields[5]);
        string bar = fields[3].Split(';').Select(field => field.Split(':')).Single(field => Number(field[0]) == tableBar)[1];
        return new LayoutRow(fields[0], Size(bar), Number(fields[4]), tableBar, Hex(fields[6]), Number(fields[7]), Hex(fields[8]));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static ulong Hex(string text) => Convert.ToUInt64(text, 16);

    private static ulong Size(string text) => text[^1] switch
    {
        'K' => Size(text[..^1]) * 1024,
        'M' => Size(text[..^1]) * 1024 * 1024,
        'G' => Size(text[..^1]) * 1024 * 1024 * 1024,
        _ => ulong.Parse(text, CultureInfo.InvariantCulture),
    };
}
