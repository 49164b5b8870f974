using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Pci.Tests.Mapping;

/// <summary>
/// Decision and picture equal what marking each byte says, for BARs small enough to mark: any offers, odd lengths, a PBA on or in the table,
/// pages from one byte to more than the BAR.
/// </summary>
public sealed class ByteMarkingTests
{
    private const int Longest = 1500;

    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Iterations(2_000, longFactor: 40));

    private static readonly Gen<ByteRange> AnyRange =
        from offset in Gen.Choose(0, Longest + 100)
        from length in Gen.Choose(0, Longest)
        select new ByteRange((ulong)offset, (ulong)length);

    private static readonly Gen<MsixTableQuestion> Questions =
        from barLength in Gen.Choose(0, Longest)
        from pageSize in Gen.Elements<ulong>(1, 2, 16, 64, 256, 1024, 4096)
        from table in Structure(barLength)
        from pba in Structure(barLength)
        from areas in AnyRange.ListOf(5)
        from isWhole in Gen.Elements(true, false)
        from verdict in Gen.Elements(Enum.GetValues<IsolationVerdict>())
        from rule in Gen.Elements(Enum.GetValues<MsixTableRule>())
        let offers = isWhole ? ImmutableArray.Create(new ByteRange(0, (ulong)barLength)) : [.. areas]
        select Ask.Question((ulong)barLength, table, pba, pageSize, verdict, rule, offers);

    [Fact]
    public void Mapped_and_trapped_equal_what_is_marked() => Prop.ForAll(Questions.ToArbitrary(), question =>
    {
        MsixTableDecision decision = question.Decide();
        var oracle = new PageOracle(question);
        bool mapped = decision.Access == MsixTableAccess.Mapped;
        return decision.Mapped.SequenceEqual(oracle.Mapped(mapped))
            && decision.Trapped.SequenceEqual(oracle.Trapped(mapped))
            && (decision.Reason == MsixTableReason.BackendCannotMap) == oracle.NothingOffered
            && (decision.Reason == MsixTableReason.BackendHidesTable) == (!oracle.NothingOffered && oracle.TableHidden);
    }).Check(Config);

    [Fact]
    public void The_picture_shows_each_page_as_marked() => Prop.ForAll(Questions.ToArbitrary(), question =>
    {
        MsixTableDecision decision = question.Decide();
        var oracle = new PageOracle(question);
        bool mapped = decision.Access == MsixTableAccess.Mapped;
        ImmutableArray<PageRun> runs = PageMap.Of(decision);
        int page = 0;
        foreach (PageRun run in runs)
        {
            for (ulong at = run.Range.Offset; at < run.Range.End; at += question.PageSize, page++)
            {
                if (run.Content != oracle.Content(page) || run.IsMapped != (oracle.IsOffered(page) && (mapped || !oracle.HoldsTable(page))))
                {
                    return false;
                }
            }
        }

        return page == oracle.Pages
            && runs.Zip(runs.Skip(1)).All(pair => (pair.First.Content, pair.First.IsMapped) != (pair.Second.Content, pair.Second.IsMapped));
    }).Check(Config);

    private static Gen<ByteRange?> Structure(int barLength) =>
        barLength == 0
            ? Gen.Constant<ByteRange?>(null)
            : from exists in Gen.Elements(true, true, true, false)
              from offset in Gen.Choose(0, barLength - 1)
              from length in Gen.Choose(1, barLength - offset)
              select exists ? new ByteRange((ulong)offset, (ulong)length) : (ByteRange?)null;
}
