using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>The page of the MSI-X table, under each rule, and what else lies on it.</summary>
internal static class TableTrial
{
    public static async Task RunAsync(Cell cell)
    {
        await TryAsync(cell, "table", MsixTableRule.RequireIsolation);
        await TryAsync(cell, "never-map", MsixTableRule.NeverMap);
        await TryAsync(cell, "accept-risk", MsixTableRule.AcceptRisk);
    }

    private static Task<bool> TryAsync(Cell cell, string aspect, MsixTableRule rule) => cell.TryAsync(aspect, (function, _) =>
    {
        MsixGeometry msix = function.Msix ?? throw new InvalidDataException("no MSI-X");
        using Bar bar = function.MapBar(msix.TableBar);
        MsixTableAccess expected = rule switch
        {
            MsixTableRule.NeverMap => MsixTableAccess.Trapped,
            MsixTableRule.AcceptRisk => MsixTableAccess.Mapped,
            _ => function.Isolation == IsolationVerdict.Isolated ? MsixTableAccess.Mapped : MsixTableAccess.Trapped,
        };
        ByteRange pages = msix.TablePages(function.Shape.PageSize)!.Value;
        cell.Observe(
            $"{aspect}-decision",
            ("access", bar.MsixTable.Access),
            ("reason", bar.MsixTable.Reason),
            ("explanation", bar.MsixTable.Explain()),
            ("pages", pages),
            ("neighbours", msix.TablePageNeighbours(function.Shape.PageSize).Select(content => $"{content.Kind} {content.Range}")));
        Expect.That(bar.MsixTable.Access == expected, bar.MsixTable.Explain());
        Expect.That((expected == MsixTableAccess.Mapped ? bar.Mapped : bar.Trapped).Any(range => range.Contains(pages)), $"{pages} is not {expected}");

        foreach (BarContent neighbour in msix.TablePageNeighbours(function.Shape.PageSize))
        {
            Compare(function, bar, neighbour.Range.Offset);
            Compare(function, bar, neighbour.Range.End - sizeof(uint));
        }

        if (msix is { Pba: { } pba })
        {
            using Bar other = function.MapBar(msix.PbaBar);
            Compare(function, other, pba.Offset);
        }

        return Task.CompletedTask;
    }, rule);

    private static void Compare(PciFunction function, Bar bar, ulong offset) => Expect.Equal(
        bar.Registers.Read32(offset), Cell.ReadRegion32(function, bar.Index, offset), $"BAR {bar.Index} at 0x{offset:x}, by its registers and through the region");
}
