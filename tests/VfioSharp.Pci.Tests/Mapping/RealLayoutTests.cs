using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Pci.Tests.Mapping;

/// <summary>
/// Every gathered layout against an oracle that knows no arithmetic on ranges: it walks the BAR byte by byte, marks the pages that hold a byte
/// of the table, and then asks of each byte whether it is mapped. Of huge BARs it walks the megabytes around the table and both ends.
/// </summary>
public sealed class RealLayoutTests
{
    private const ulong Window = 1 << 18;

    [Fact]
    public void There_are_119_layouts() => RealLayout.All.Count.ShouldBe(119);

    [Theory]
    [InlineData(0x1000ul, IsolationVerdict.Isolated)]
    [InlineData(0x1000ul, IsolationVerdict.NotIsolated)]
    [InlineData(0x4000ul, IsolationVerdict.Isolated)]
    [InlineData(0x4000ul, IsolationVerdict.NotIsolated)]
    [InlineData(0x10000ul, IsolationVerdict.Isolated)]
    [InlineData(0x10000ul, IsolationVerdict.NotIsolated)]
    public void Every_byte_of_every_real_layout_is_mapped_or_trapped_as_marked(ulong pageSize, IsolationVerdict verdict)
    {
        int checkedLayouts = 0;
        foreach (RealLayout layout in RealLayout.All.Where(layout => layout.Bars.ContainsKey(layout.TableBar) && layout.Table.End <= layout.BarLength))
        {
            ByteRange bar = new(0, layout.BarLength);
            MsixTableDecision decision = MsixTablePolicy.Decide(
                new(bar, layout.Table, null, BackendRanges.Whole(bar), pageSize, verdict, MsixTableRule.RequireIsolation));
            HashSet<ulong> tablePages = MarkTablePages(layout, pageSize);
            bool mapTable = verdict == IsolationVerdict.Isolated;
            foreach (ulong offset in Offsets(layout))
            {
                bool expected = mapTable || !tablePages.Contains(offset / pageSize);
                bool mapped = Holds(decision.Mapped, offset);
                if (mapped != expected || Holds(decision.Trapped, offset) == mapped)
                {
                    Assert.Fail($"{layout.Device} at {pageSize}: byte 0x{offset:x} mapped {mapped}, expected {expected}");
                }
            }

            Holds(decision.Mapped, layout.BarLength).ShouldBeFalse();
            checkedLayouts++;
        }

        checkedLayouts.ShouldBe(UsableLayouts);
    }

    private static int UsableLayouts => RealLayout.All.Count(layout => layout.Bars.TryGetValue(layout.TableBar, out ulong length) && layout.Table.End <= length);

    [Fact]
    public void Nearly_every_gathered_layout_has_its_table_inside_its_BAR() => UsableLayouts.ShouldBeGreaterThanOrEqualTo(117);

    private static HashSet<ulong> MarkTablePages(RealLayout layout, ulong pageSize)
    {
        var pages = new HashSet<ulong>();
        for (ulong i = 0; i < (ulong)layout.Vectors * 16; i++)
        {
            pages.Add((layout.TableOffset + i) / pageSize);
        }

        return pages;
    }

    private static IEnumerable<ulong> Offsets(RealLayout layout)
    {
        ulong length = layout.BarLength;
        if (length <= 4 * Window)
        {
            for (ulong i = 0; i < length; i += 4)
            {
                yield return i;
                yield return i + 3;
            }

            yield break;
        }

        ulong[] centres = [0, layout.TableOffset, layout.TableOffset + ((ulong)layout.Vectors * 16), length];
        foreach (ulong centre in centres)
        {
            for (ulong i = centre < Window ? 0 : centre - Window; i < Math.Min(length, centre + Window); i += 8)
            {
                yield return i;
                yield return i + 7;
            }
        }
    }

    private static bool Holds(IEnumerable<ByteRange> ranges, ulong offset)
    {
        foreach (ByteRange range in ranges)
        {
            if (offset >= range.Offset && offset < range.End)
            {
                return true;
            }
        }

        return false;
    }
}
