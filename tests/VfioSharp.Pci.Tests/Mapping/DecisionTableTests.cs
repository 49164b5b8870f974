using System.Collections.Immutable;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Pci.Tests.Mapping;

/// <summary>The whole decision table, each cell against rows written out here by hand.</summary>
public sealed class DecisionTableTests
{
    private static readonly ByteRange Bar = new(0, 0x4000);
    private static readonly ByteRange Table = new(0x2000, 0x410);

    public static TheoryData<string, bool, MsixTableRule, IsolationVerdict> Cells
    {
        get
        {
            var cells = new TheoryData<string, bool, MsixTableRule, IsolationVerdict>();
            foreach (string backend in (string[])["none", "whole", "around", "half"])
            {
                foreach (bool here in (bool[])[true, false])
                {
                    foreach (MsixTableRule rule in Enum.GetValues<MsixTableRule>())
                    {
                        foreach (IsolationVerdict verdict in Enum.GetValues<IsolationVerdict>())
                        {
                            cells.Add(backend, here, rule, verdict);
                        }
                    }
                }
            }

            return cells;
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Every_cell_is_the_first_row_that_holds(string backend, bool here, MsixTableRule rule, IsolationVerdict verdict)
    {
        ImmutableArray<ByteRange> offered = backend switch
        {
            "none" => BackendRanges.None,
            "whole" => BackendRanges.Whole(Bar),
            "around" => BackendRanges.AroundTable(Bar, Table, 0x1000),
            _ => [new ByteRange(0x2400, 0x1c00)], // starts inside the table's page: not even a byte less will do
        };
        MsixTableDecision decision = MsixTablePolicy.Decide(new(Bar, here ? Table : null, null, offered, 0x1000, verdict, rule));
        (MsixTableAccess, MsixTableReason) expected = (backend, here, rule, verdict) switch
        {
            ("none", _, _, _) => (MsixTableAccess.Trapped, MsixTableReason.BackendCannotMap),
            (_, false, _, _) => (MsixTableAccess.Mapped, MsixTableReason.NotInThisBar),
            ("around" or "half", true, _, _) => (MsixTableAccess.Trapped, MsixTableReason.BackendHidesTable),
            (_, _, MsixTableRule.NeverMap, _) => (MsixTableAccess.Trapped, MsixTableReason.PolicyForbids),
            (_, _, _, IsolationVerdict.Isolated) => (MsixTableAccess.Mapped, MsixTableReason.MsisIsolated),
            (_, _, MsixTableRule.AcceptRisk, _) => (MsixTableAccess.Mapped, MsixTableReason.RiskAccepted),
            (_, _, _, IsolationVerdict.NotIsolated) => (MsixTableAccess.Trapped, MsixTableReason.MsisNotIsolated),
            _ => (MsixTableAccess.Trapped, MsixTableReason.IsolationUnknown),
        };
        (decision.Access, decision.Reason).ShouldBe(expected);
        (decision.Warning is not null).ShouldBe(decision.Reason == MsixTableReason.RiskAccepted);
        decision.Explain().ShouldEndWith(".");
    }

    [Theory]
    [InlineData(MsixTableRule.RequireIsolation)]
    [InlineData(MsixTableRule.NeverMap)]
    [InlineData(MsixTableRule.AcceptRisk)]
    public void No_explanation_calls_a_host_safe_that_does_not_isolate(MsixTableRule rule)
    {
        foreach (IsolationVerdict verdict in (IsolationVerdict[])[IsolationVerdict.NotIsolated, IsolationVerdict.Unknown])
        {
            string text = MsixTablePolicy.Decide(new(Bar, Table, null, [Bar], 0x1000, verdict, rule)).Explain();
            foreach (string word in (string[])["safe", "secure", "protected", "cannot"])
            {
                text.ShouldNotContain(word, Case.Insensitive);
            }
        }
    }

    [Fact]
    public void The_explanation_ends_in_what_to_do()
    {
        MsixTableQuestion question = new(Bar, Table, null, [Bar], 0x4000, IsolationVerdict.NotIsolated, MsixTableRule.RequireIsolation)
        {
            IsolationAdvice = "boot with intremap=on",
            RelocationBar = 2,
        };
        string text = MsixTablePolicy.Decide(question).Explain();
        text.ShouldContain("boot with intremap=on");
        text.ShouldContain("x-msix-relocation=bar2");
        text.ShouldContain("no fence");

        // What precedes the table may be registers, and on 4K pages it does not share the table's.
        text.ShouldContain("4K pages");
    }

    [Fact]
    public void Where_nothing_shares_the_page_there_is_nothing_to_gain()
    {
        var bar = new ByteRange(0, 0x1000);
        MsixTablePolicy.Decide(new(bar, new ByteRange(0, 0x800), new ByteRange(0x800, 0x800), [bar], 0x1000, IsolationVerdict.NotIsolated, MsixTableRule.RequireIsolation))
            .Explain().ShouldContain("nothing to gain");
    }

    [Theory]
    [InlineData(4, 7, false)]
    [InlineData(4, 8, true)]
    [InlineData(6, 1, true)]
    public void Linux_maps_a_BAR_smaller_than_a_page_from_4_8_on(int major, int minor, bool maps)
    {
        // No table here: its page would be the whole BAR, which these kernels hide for that reason already.
        ImmutableArray<ByteRange> ranges = BackendRanges.OfKernel(major, minor, Bar, default, 0x10000);
        ranges.IsEmpty.ShouldBe(!maps);
    }

    [Theory]
    [InlineData(4, 5, false)]
    [InlineData(4, 6, false)]
    [InlineData(4, 15, false)]
    [InlineData(4, 16, true)]
    [InlineData(6, 1, true)]
    public void Linux_offers_the_tables_page_from_4_16_on(int major, int minor, bool offered)
    {
        ImmutableArray<ByteRange> ranges = BackendRanges.OfKernel(major, minor, Bar, Table, 0x1000);
        ranges.Any(range => range.Overlaps(Table)).ShouldBe(offered);
        if (!offered)
        {
            ranges.ShouldBe([new ByteRange(0, 0x2000), new ByteRange(0x3000, 0x1000)]);
        }
    }

    [Fact]
    public void A_question_that_makes_no_sense_is_refused_by_name()
    {
        Should.Throw<ArgumentException>(() => new MsixTableQuestion(new ByteRange(0x10, 0x10), null, null, [], 0x1000, default, default)).ParamName.ShouldBe("bar");
        Should.Throw<ArgumentException>(() => new MsixTableQuestion(Bar, new ByteRange(0x3ff0, 0x20), null, [], 0x1000, default, default)).ParamName.ShouldBe("table");
        Should.Throw<ArgumentException>(() => new MsixTableQuestion(Bar, new ByteRange(0x1000, 0), null, [], 0x1000, default, default)).ParamName.ShouldBe("table");
        Should.Throw<ArgumentException>(() => new MsixTableQuestion(Bar, Table, null, [], 0x1800, default, default)).ParamName.ShouldBe("pageSize");
        Should.Throw<ArgumentException>(() => new MsixTableQuestion(Bar, Table, null, [], 0, default, default)).ParamName.ShouldBe("pageSize");
    }
}
