using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Pci.Tests.Mapping;

/// <summary>What holds for every question: FsCheck looks for one for which it does not, and prints the seed.</summary>
public sealed class DecisionPropertyTests
{
    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Iterations(5_000, longFactor: 40));

    private static readonly Gen<ulong> Small = Gen.Choose(0, 0x30000).Select(i => (ulong)i);

    private static readonly Gen<ulong> Huge = Gen.Choose(0, 0x2000).Select(i => ulong.MaxValue - (ulong)i);

    private static readonly Gen<ulong> Offset = Gen.Frequency((6, Small), (1, Huge), (2, Gen.Choose(0, 63).Select(shift => 1ul << shift)));

    private static readonly Gen<MsixTableQuestion> Questions =
        from length in Offset
        from hasTable in Gen.Elements(true, true, true, false)
        from at in Offset
        from vectors in Gen.Choose(1, 2048)
        from areas in Range().ListOf()
        from whole in Gen.Elements(true, false)
        from pageShift in Gen.Frequency((6, Gen.Elements(12, 14, 16)), (1, Gen.Choose(0, 63)))
        from verdict in Gen.Elements(Enum.GetValues<IsolationVerdict>())
        from rule in Gen.Elements(Enum.GetValues<MsixTableRule>())
        from pba in Range()
        let bar = new ByteRange(0, length)
        let table = new ByteRange(length == 0 ? 0 : at % length, Math.Min((ulong)vectors * 16, length - (length == 0 ? 0 : at % length)))
        select new MsixTableQuestion(bar, hasTable && !table.IsEmpty ? table : null, pba, whole ? [bar] : [.. areas], 1ul << pageShift, verdict, rule);

    private static Gen<ByteRange> Range() =>
        from start in Offset
        from length in Offset
        select new ByteRange(start, Math.Min(length, ulong.MaxValue - start));

    private static void Holds(Func<MsixTableQuestion, MsixTableDecision, bool> property) =>
        Prop.ForAll(Questions.ToArbitrary(), question => property(question, MsixTablePolicy.Decide(question))).Check(Config);

    [Fact]
    public void Mapped_and_trapped_are_apart_and_make_up_the_BAR() => Holds((question, decision) =>
    {
        ulong at = 0;
        foreach (ByteRange range in decision.Mapped.AddRange(decision.Trapped).OrderBy(range => range.Offset))
        {
            if (range.IsEmpty || range.Offset != at)
            {
                return false;
            }

            at = range.End;
        }

        return at == question.Bar.End;
    });

    [Fact]
    public void Mapped_ranges_are_whole_pages_but_for_the_BARs_end() => Holds((question, decision) =>
        decision.Mapped.All(range => range.Offset % question.PageSize == 0 && (range.End % question.PageSize == 0 || range.End == question.Bar.End)));

    [Fact]
    public void Nothing_is_mapped_that_the_backend_does_not_offer() => Holds((question, decision) =>
        decision.Mapped.All(range => Covered(range, question.Backend)));

    [Fact]
    public void No_byte_of_the_tables_pages_is_mapped_when_trapped() => Holds((question, decision) =>
        decision.Access == MsixTableAccess.Mapped || question.Table is not { } table
        || decision.Mapped.All(range => !range.Overlaps(table) && !range.Overlaps(decision.TablePages)));

    [Fact]
    public void The_whole_table_is_mapped_when_mapped() => Holds((question, decision) =>
        decision.Access == MsixTableAccess.Trapped || question.Table is not { } table || decision.Mapped.Any(range => range.Contains(table)));

    [Fact]
    public void Every_offered_page_that_holds_no_table_is_mapped() => Holds((question, decision) =>
    {
        // A sample of pages: those at the edges of everything in the question.
        ulong[] edges = [0, decision.TablePages.Offset, decision.TablePages.End, .. question.Backend.Select(range => range.Offset), .. question.Backend.Select(range => range.End)];
        foreach (ulong edge in edges)
        {
            ulong start = edge / question.PageSize * question.PageSize;
            if (start >= question.Bar.End)
            {
                continue;
            }

            ByteRange page = new(start, Math.Min(question.PageSize, question.Bar.End - start));
            bool holdsTable = question.Table is { } table && page.Overlaps(table);
            if (!holdsTable && Covered(page, question.Backend) && !decision.Mapped.Any(range => range.Contains(page)))
            {
                return false;
            }
        }

        return true;
    });

    [Fact]
    public void Decide_answers_and_explains_every_question() => Holds((_, decision) => decision.Explain().Length > 20 && Enum.IsDefined(decision.Reason));

    [Fact]
    public void The_page_map_retells_the_decision() => Holds((question, decision) =>
    {
        ImmutableArray<PageRun> runs = PageMap.Of(decision);
        bool tiles = question.Bar.IsEmpty ? runs.IsEmpty : runs[0].Range.Offset == 0 && runs[^1].Range.End == question.Bar.End
            && runs.Zip(runs.Skip(1)).All(pair => pair.First.Range.End == pair.Second.Range.Offset);
        return tiles && runs.All(run => decision.Mapped.Any(range => range.Contains(run.Range)) == run.IsMapped
            && run.Content.HasFlag(PageContent.Table) == (question.Table is { } table && run.Range.Overlaps(table)));
    });

    // Byte coverage by a union of ranges, found by stepping through them rather than by merging.
    private static bool Covered(ByteRange range, ImmutableArray<ByteRange> offers)
    {
        ulong at = range.Offset;
        while (at < range.End)
        {
            ulong next = offers.Where(offer => offer.Offset <= at && at < offer.End).Select(offer => offer.End).DefaultIfEmpty(at).Max();
            if (next == at)
            {
                return false;
            }

            at = next;
        }

        return true;
    }
}
