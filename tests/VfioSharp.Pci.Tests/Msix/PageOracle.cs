using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Pci.Tests.Msix;

/// <summary>
/// Answers the questions of <see cref="MsixGeometry"/> by marking bytes one by one, with none of its arithmetic: for every vector the
/// sixteen bytes of its entry and the eight that hold its pending bit; for every marked byte its page.
/// </summary>
internal sealed class PageOracle
{
    private readonly HashSet<ulong> table = [];
    private readonly HashSet<ulong> pba = [];
    private readonly MsixCapability capability;
    private readonly ulong tableBarLength;

    public PageOracle(MsixCapability capability, ulong tableBarLength)
    {
        this.capability = capability;
        this.tableBarLength = tableBarLength;
        for (uint vector = 0; vector < capability.Vectors; vector++)
        {
            for (uint i = 0; i < 16; i++)
            {
                table.Add(capability.TableOffset + (vector * 16) + i);
            }

            ulong word = capability.PbaOffset + (vector / 64 * 8);
            for (uint i = 0; i < 8; i++)
            {
                pba.Add(word + i);
            }
        }
    }

    public IEnumerable<ulong> TableBytes => table.Order();

    public IEnumerable<ulong> PbaBytes => pba.Order();

    /// <summary>Every byte of every page that holds a byte of the table, as far as the BAR goes, with what it holds.</summary>
    public List<(ulong Offset, BarContentKind Kind)> TablePages(uint pageSize) =>
        [.. PagesOf(table, pageSize).Where(offset => offset < tableBarLength).Select(offset => (offset, KindOf(offset)))];

    public List<ulong> PbaPages(uint pageSize, ulong pbaBarLength) => [.. PagesOf(pba, pageSize).Where(offset => offset < pbaBarLength)];

    public static IEnumerable<ulong> BytesOf(ByteRange range)
    {
        for (ulong offset = range.Offset; offset < range.End; offset++)
        {
            yield return offset;
        }
    }

    private static IEnumerable<ulong> PagesOf(HashSet<ulong> bytes, uint pageSize)
    {
        foreach (ulong page in bytes.Select(offset => offset / pageSize).Distinct().Order())
        {
            for (uint i = 0; i < pageSize; i++)
            {
                yield return (page * pageSize) + i;
            }
        }
    }

    private BarContentKind KindOf(ulong offset) =>
        table.Contains(offset) ? BarContentKind.Table
        : capability.PbaBar == capability.TableBar && pba.Contains(offset) ? BarContentKind.Pba
        : BarContentKind.Registers;
}
