using System.Globalization;
using Spectre.Console;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Cli.Output;

/// <summary>A function's MSI-X for a person: where table and PBA lie, what else is on the table's page, what was decided about it and why.</summary>
internal static class MsixReport
{
    public static void Write(LabelledLines lines, MsixGeometry msix, MsixTableDecision? decision, uint pageSize)
    {
        lines.Line("MSI-X", Describe(msix));
        if (decision is not null)
        {
            string neighbours = string.Join(", ", msix.TablePageNeighbours(pageSize)
                .Select(neighbour => neighbour.Kind == BarContentKind.Registers ? $"{neighbour.Range} (registers or unused)" : neighbour.ToString()));
            lines.Line("Its page", neighbours.Length == 0 ? "holds nothing else" : $"also holds {neighbours}");
            lines.Line("Mapping", decision.Explain(), new Style(decision.Access == MsixTableAccess.Mapped ? Color.Green : Color.Yellow));
            lines.Line("", $"mapped {Join(decision.Mapped)}; trapped {Join(decision.Trapped)}");
        }
    }

    /// <summary>How many vectors, and where table and PBA lie.</summary>
    public static string Describe(MsixGeometry msix) => string.Create(CultureInfo.InvariantCulture,
        $"{FunctionReport.Count(msix.Capability.Vectors)}; table in BAR {msix.TableBar} at {msix.Table?.ToString() ?? "nowhere usable"}; PBA in BAR {msix.PbaBar} at {msix.Pba?.ToString() ?? "nowhere usable"}");

    private static string Join(IEnumerable<ByteRange> ranges)
    {
        string text = string.Join(", ", ranges.Select(range => range.ToString()));
        return text.Length == 0 ? "nothing" : text;
    }
}
