using System.Collections.Immutable;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Pci.Mapping;

/// <summary>Puts a decision into a sentence that ends in what to do. It never calls a host safe because a page is trapped.</summary>
internal static class MsixTableExplanation
{
    private const ulong SmallPage = 4096;
    private const string AnyIsolation = "get the group's MSIs isolated (interrupt remapping on x86, a GICv3 ITS on arm64; 'vfio audit' on the host says how)";

    public static string Of(MsixTableDecision decision)
    {
        MsixTableQuestion question = decision.Question;
        string page = $"the table's page ({decision.TablePages})";
        return decision.Reason switch
        {
            MsixTableReason.BackendCannotMap => "Nothing of this BAR is mapped: the backend cannot map it, so every access goes through the backend; there is nothing to do but count on slow registers.",
            MsixTableReason.NotInThisBar => "This BAR holds no MSI-X table, so all that the backend offers is mapped; there is nothing to do.",
            MsixTableReason.BackendHidesTable => $"Trapped: the backend does not offer {page}, whatever the isolation; {Remedies(decision, "use Linux 4.16 or later, whose vfio-pci does")}.",
            MsixTableReason.PolicyForbids => $"Trapped: the caller's rule forbids mapping {page}; {Remedies(decision, question.Verdict == IsolationVerdict.Isolated ? "the group's MSIs are isolated, so the rule requireIsolation would map it" : null)}.",
            MsixTableReason.MsisIsolated => $"Mapped, {page} included: the group's MSIs are isolated, so no entry written there signals anything outside the group; there is nothing to do.",
            MsixTableReason.RiskAccepted => $"Mapped, {page} included, at the caller's risk: {Risk(question)}; to be rid of the risk, {question.IsolationAdvice ?? AnyIsolation}.",
            MsixTableReason.MsisNotIsolated => $"Trapped: the group's MSIs are not isolated, and keeping hands off {page} prevents accidents; it is no fence, for DMA reaches the interrupt window all the same; {Remedies(decision, question.IsolationAdvice ?? AnyIsolation)}.",
            _ => $"Trapped: whether the group's MSIs are isolated is unknown, and unknown is not taken for isolated; it is no fence either way; {Remedies(decision, "audit as root, with the function's driver bound, to find out")}.",
        };
    }

    public static string Risk(MsixTableQuestion question) =>
        (question.Verdict == IsolationVerdict.NotIsolated ? "the group's MSIs are not isolated" : "whether the group's MSIs are isolated is unknown")
        + ", so whoever writes the table may raise interrupts that belong to others";

    private static string Remedies(MsixTableDecision decision, string? first)
    {
        MsixTableQuestion question = decision.Question;
        if (!SharesPages(question, question.PageSize))
        {
            return "there is nothing to gain from mapping it, since nothing but the table and its PBA lies there";
        }

        var remedies = new List<string>();
        if (first is not null)
        {
            remedies.Add(first);
        }

        if (question.PageSize > SmallPage && !SharesPages(question, SmallPage))
        {
            remedies.Add("use a kernel with 4K pages, on which nothing else shares the table's pages");
        }

        if (question.RelocationBar is { } bar)
        {
            remedies.Add($"move the table in QEMU with x-msix-relocation=bar{bar}");
        }

        return remedies.Count == 0 ? "what shares it stays reachable through the backend, slowly" : "to reach what shares it directly, " + string.Join(", or ", remedies);
    }

    private static bool SharesPages(MsixTableQuestion question, ulong pageSize)
    {
        ByteRange table = question.Table!.Value;
        ByteRange pages = new PageGrid(question.Bar, pageSize).Cover(table);
        ImmutableArray<ByteRange> known = RangeList.Union([table, question.Pba?.Intersect(question.Bar) ?? default]);
        return !RangeList.Subtract(pages, known).IsEmpty;
    }
}
