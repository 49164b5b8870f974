using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using static VfioSharp.Pci.Isolation.IsolationVerdict;
using static VfioSharp.Pci.Mapping.MsixTableRule;
using static VfioSharp.Pci.Tests.Mapping.Ask;

namespace VfioSharp.Pci.Tests.Mapping;

public sealed class ExplainTests
{
    private const string Advice = "boot with intel_iommu=on intremap=on and enable VT-d in the firmware";

    private static readonly string[] ClaimsOfSafety =
        ["safe", "secure", "protect", "harmless", "cannot forge", "no risk", "guarantee", "is a fence"];

    [Fact]
    public void Registers_beside_the_table_name_every_way_out() =>
        Nvme(16 * K, NotIsolated).Decide().Explain().ShouldEndWith(
            "; to reach directly what shares it (0x0-0x1fff), boot with intel_iommu=on intremap=on and enable VT-d in the firmware, "
            + "or use a kernel with 4K pages, on which nothing else shares the table's pages, "
            + "or move the table in QEMU with x-msix-relocation=bar4.");

    [Fact]
    public void The_largest_page_size_that_helps_is_named() =>
        Question(64 * K, Vectors(1000, 0x8000), page: 64 * K).Decide().Explain().ShouldContain("kernel with 16K pages");

    [Fact]
    public void No_page_size_is_named_where_none_helps()
    {
        string text = Question(64 * K, Vectors(2048, 0x80), page: 64 * K, relocation: 4).Decide().Explain();

        text.ShouldNotContain("a kernel with");
        text.ShouldContain("x-msix-relocation=bar4");
    }

    [Fact]
    public void A_table_with_its_4K_neighbourhood_to_itself_leaves_nothing_to_gain_but_isolation()
    {
        string text = Nvme(4 * K, NotIsolated).Decide().Explain();

        text.ShouldContain("there is nothing to gain from mapping it");
        text.ShouldContain("bytes that PCI Express keeps free of registers (should this function break that rule, x-msix-relocation=bar4");
        text.ShouldEndWith($"; to isolate the MSIs all the same, {Advice}.");
    }

    [Fact]
    public void A_table_that_fills_its_pages_leaves_nothing_to_gain_at_all() =>
        Question(16 * K, Vectors(256, 0x1000), advice: Advice).Decide().Explain()
            .ShouldContain("since nothing but the table and its PBA lies there; to isolate");

    [Fact]
    public void Without_advice_every_platforms_is_given() =>
        Question(16 * K, Vectors(65, 0x2000)).Decide().Explain().ShouldContain("interrupt remapping on x86, a GICv3 ITS on arm64");

    [Fact]
    public void An_unknown_host_is_told_to_show_more()
    {
        Nvme(16 * K, Unknown).Decide().Explain().ShouldContain("to reach directly what shares it (0x0-0x1fff), audit as root");
        Nvme(4 * K, Unknown).Decide().Explain().ShouldContain("to know all the same, audit as root");
    }

    [Fact]
    public void An_isolated_host_has_nothing_left_to_do_but_for_what_the_backend_keeps()
    {
        Nvme(16 * K, Isolated).Decide().Explain().ShouldEndWith("; there is nothing to do.");
        Question(16 * K, Vectors(65, 0x2000), verdict: Isolated, offered: [Bytes(0x2000, 0x4000)]).Decide().Explain()
            .ShouldEndWith("; to map 0x0-0x1fff as well, use a backend that offers it in whole pages.");
    }

    [Fact]
    public void An_accepted_risk_is_warned_of_and_says_how_to_be_rid_of_it()
    {
        MsixTableDecision known = Nvme(4 * K, NotIsolated, AcceptRisk).Decide();
        MsixTableDecision unknown = Nvme(4 * K, Unknown, AcceptRisk).Decide();

        known.Warning!.ShouldStartWith("the group's MSIs are not isolated");
        unknown.Warning!.ShouldContain("is unknown");
        known.Explain().ShouldContain(known.Warning!);
        known.Explain().ShouldEndWith($"to be rid of the risk, {Advice}.");
    }

    [Fact]
    public void A_forbidding_rule_says_what_would_lift_it()
    {
        Nvme(16 * K, Isolated, NeverMap).Decide().Explain().ShouldContain("use the rule requireIsolation, which would map it");
        Nvme(16 * K, NotIsolated, NeverMap).Decide().Explain().ShouldContain($"use the rule requireIsolation and {Advice}");
    }

    [Fact]
    public void A_backend_that_hides_the_table_is_to_be_replaced_and_relocation_would_not_help()
    {
        ByteRange table = Vectors(65, 0x2000);
        var around = BackendRanges.AroundTable(Bytes(0, 64 * K), table, 16 * K);

        string text = Question(64 * K, table, page: 16 * K, offered: around, relocation: 4).Decide().Explain();

        text.ShouldContain("use Linux 4.16 or later");
        text.ShouldContain("kernel with 4K pages");
        text.ShouldNotContain("x-msix-relocation");
    }

    [Fact]
    public void A_bar_that_cannot_be_mapped_says_what_would_help()
    {
        Question(16 * K, Vectors(1, 0), offered: []).Decide().Explain().ShouldContain("count on slow registers");
        Question(16 * K, Vectors(1, 0), page: 64 * K, offered: []).Decide().Explain().ShouldContain("pci=resource_alignment=16@ADDRESS");
        Question(64 * K, page: 64 * K, offered: [Bytes(0x4000, 0x8000)]).Decide().Explain().ShouldContain("kernel with 16K pages");
        Question(64 * K, offered: [Bytes(1, 4096)]).Decide().Explain().ShouldContain("have the backend offer whole pages");
        Question(0, offered: []).Decide().Explain().ShouldContain("nothing to do");
    }

    [Fact]
    public void No_host_that_is_not_known_to_isolate_is_ever_called_safe()
    {
        int explained = 0;
        foreach (ulong page in (ulong[])[4 * K, 16 * K, 64 * K])
        {
            foreach (ByteRange table in (ByteRange[])[Vectors(65, 0x2000), Vectors(256, 0x1000), Vectors(1, 0)])
            {
                foreach (MsixTableRule rule in Enum.GetValues<MsixTableRule>())
                {
                    foreach (IsolationVerdict verdict in (IsolationVerdict[])[NotIsolated, Unknown])
                    {
                        foreach (ByteRange[] offer in (ByteRange[][])[[], [Bytes(0, 16 * K)], [Bytes(0, 0x1000)]])
                        {
                            MsixTableDecision decision = Question(16 * K, table, null, page, verdict, rule, [.. offer], Advice, 4).Decide();
                            string text = decision.Explain() + decision.Warning;
                            ClaimsOfSafety.Where(claim => text.Contains(claim, StringComparison.OrdinalIgnoreCase)).ShouldBeEmpty(text);
                            explained++;
                        }
                    }
                }
            }
        }

        explained.ShouldBe(3 * 3 * 3 * 2 * 3);
    }

    /// <summary>An NVMe controller: doorbells at 0x1000, table at 0x2000, pending bits at 0x3000.</summary>
    private static MsixTableQuestion Nvme(ulong page, IsolationVerdict verdict, MsixTableRule rule = RequireIsolation) =>
        Question(16 * K, Vectors(65, 0x2000), Bytes(0x3000, 0x3010), page, verdict, rule, advice: Advice, relocation: 4);
}
