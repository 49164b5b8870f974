using System.Text.Json;
using VfioSharp.Cli.Tests.Audit;

namespace VfioSharp.Cli.Tests.Plan;

/// <summary>
/// <c>vfio plan</c> on every gathered layout, against pages that are marked byte by byte: trapped is what is marked, where the verdict asks for it.
/// </summary>
public sealed class RealLayoutPlanTests
{
    public static TheoryData<int, string> Cases
    {
        get
        {
            var cases = new TheoryData<int, string>();
            foreach (int pageSize in (int[])[4096, 16384, 65536])
            {
                cases.Add(pageSize, "isolated");
                cases.Add(pageSize, "notIsolated");
            }

            return cases;
        }
    }

    [Fact]
    public void There_are_119_layouts_of_which_two_are_impossible()
    {
        LayoutRow.All.Count.ShouldBe(119);
        LayoutRow.All.Where(row => row.BrokenRule() is not null).Select(row => row.BrokenRule()).ShouldBe(["pbaApart", "pbaApart"]);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_layout_is_planned_as_its_pages_are_marked(int pageSize, string verdict)
    {
        foreach (LayoutRow row in LayoutRow.All)
        {
            CliRun run = CliRun.Of(["plan", .. row.Arguments, "--page-size", $"{pageSize / 1024}K", "--verdict", verdict, "--json"]);
            if (row.BrokenRule() is { } rule)
            {
                run.ShouldBeRefused(64, rule);
                continue;
            }

            run.Status.ShouldBe(0, $"{row}: {run.Error}");
            JsonElement table = run.Json();
            AuditDocument.CheckTable(table);
            table.GetProperty("access").GetString().ShouldBe(verdict == "isolated" ? "mapped" : "trapped");
            table.GetProperty("reason").GetString().ShouldBe(verdict == "isolated" ? "msisIsolated" : "msisNotIsolated");
            SortedSet<ulong> expected = verdict == "isolated" ? [] : row.TablePages((ulong)pageSize);
            CheckRanges(row, (ulong)pageSize, table, expected);
        }
    }

    private static void CheckRanges(LayoutRow row, ulong pageSize, JsonElement table, SortedSet<ulong> marked)
    {
        // The lists tile the BAR, cut at page boundaries only, neighbours merged.
        ulong end = 0;
        string? before = null;
        var trapped = new SortedSet<ulong>();
        foreach ((ulong offset, ulong length, string list) in AuditDocument.Ranges(table, "mapped").Select(range => (range.Offset, range.Length, "mapped"))
            .Concat(AuditDocument.Ranges(table, "trapped").Select(range => (range.Offset, range.Length, "trapped"))).Order())
        {
            offset.ShouldBe(end, $"{row}");
            (offset % pageSize).ShouldBe(0ul, $"{row}");
            list.ShouldNotBe(before, $"{row}");
            (end, before) = (offset + length, list);
            for (ulong at = offset; list == "trapped" && at < end; at += pageSize)
            {
                trapped.Add(at / pageSize);
            }
        }

        end.ShouldBe(row.BarLength, $"{row}");
        trapped.ShouldBe(marked, $"{row}");
    }
}
