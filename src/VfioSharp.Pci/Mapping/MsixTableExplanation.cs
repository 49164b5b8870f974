using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Pci.Mapping;

/// <summary>Puts a decision into a sentence that ends in what to do. It never calls a host safe because a page is trapped.</summary>
internal static class MsixTableExplanation
{
    private const string AnyIsolation = "get the group's MSIs isolated (interrupt remapping on x86, a GICv3 ITS on arm64; 'vfio audit' on the host says how)";
    private const string MappableBackend = "use Linux 4.16 or later, whose vfio-pci does, or a vfio-user server that says MSIX_MAPPABLE";

    public static string Of(MsixTableDecision decision)
    {
        MsixTableQuestion question = decision.Question;
        string page = $"the table's page ({decision.TablePages})";
        string isolate = question.IsolationAdvice ?? AnyIsolation;
        return decision.Reason switch
        {
            MsixTableReason.BackendCannotMap => Unmappable(question),
            MsixTableReason.NotInThisBar => $"This BAR holds no MSI-X table, so all that the backend offers is mapped; {WhatIsLeft(decision)}.",
            MsixTableReason.BackendHidesTable => $"Trapped: the backend does not offer {page}, whatever the isolation; {Remedies(decision, MappableBackend)}.",
            MsixTableReason.PolicyForbids => $"Trapped: the caller's rule forbids mapping {page}; {Remedies(decision, WithoutRule(question, isolate))}.",
            MsixTableReason.MsisIsolated => $"Mapped, {page} included: the group's MSIs are isolated, so no entry written there signals anything outside the group; {WhatIsLeft(decision)}.",
            MsixTableReason.RiskAccepted => $"Mapped, {page} included, at the caller's risk: {Risk(question)}; to be rid of the risk, {isolate}.",
            MsixTableReason.MsisNotIsolated => $"Trapped: the group's MSIs are not isolated, and keeping hands off {page} prevents accidents; it is no fence, for DMA reaches the interrupt window all the same; {Remedies(decision, isolate, "to isolate the MSIs all the same, ")}.",
            _ => $"Trapped: whether the group's MSIs are isolated is unknown, and unknown is not taken for isolated; it is no fence either way; {Remedies(decision, "audit as root, with the function's driver bound, to find out", "to know all the same, ")}.",
        };
    }

    public static string Risk(MsixTableQuestion question) =>
        (question.Verdict == IsolationVerdict.NotIsolated ? "the group's MSIs are not isolated" : "whether the group's MSIs are isolated is unknown")
        + ", so whoever writes the table may raise interrupts that belong to others";

    private static string Unmappable(MsixTableQuestion question)
    {
        ImmutableArray<ByteRange> offered = RangeList.Union(question.Backend.Select(range => range.Intersect(question.Bar)));
        if (!offered.IsEmpty)
        {
            string remedy = TableNeighbours.MappablePageSize(question) is { } smaller
                ? $"use a kernel with {Size(smaller)} pages, of which the offer holds some" : "have the backend offer whole pages";
            return $"Nothing of this BAR is mapped: what the backend offers of it ({List(offered)}) fills no page of {Size(question.PageSize)}; {remedy}.";
        }

        return question.Bar.Length < question.PageSize && !question.Bar.IsEmpty
            ? $"Nothing of this BAR is mapped: the backend cannot map it, and it is smaller than a page; if other BARs share its page, boot Linux 4.8 or later with pci=resource_alignment={BitOperations.Log2(question.PageSize)}@ADDRESS to give it one."
            : "Nothing of this BAR is mapped: the backend cannot map it, so every access goes through the backend; there is nothing to do but count on slow registers.";
    }

    private static string WithoutRule(MsixTableQuestion question, string isolate) =>
        question.Verdict == IsolationVerdict.Isolated
            ? "use the rule requireIsolation, which would map it, as the group's MSIs are isolated"
            : $"use the rule requireIsolation and {isolate}";

    /// <param name="decision">A decision that trapped the table's pages.</param>
    /// <param name="first">What to do first about the reason.</param>
    /// <param name="otherwise">What leads to <paramref name="first"/> where mapping would gain nothing; null to leave it out there.</param>
    private static string Remedies(MsixTableDecision decision, string first, string? otherwise = null)
    {
        MsixTableQuestion question = decision.Question;
        ImmutableArray<ByteRange> registers = TableNeighbours.Registers(question);
        string? relocation = IsTableOffered(decision) && question.RelocationBar is { } bar ? $"x-msix-relocation=bar{bar}" : null;
        if (registers.IsEmpty)
        {
            string gain = "there is nothing to gain from mapping it, since nothing but the table and its PBA lies there";
            if (!TableNeighbours.Others(question).IsEmpty)
            {
                string breach = relocation is null ? "" : $" (should this function break that rule, {relocation} in QEMU helps)";
                gain += $" but bytes that PCI Express keeps free of registers{breach}";
            }

            return otherwise is null ? gain : $"{gain}; {otherwise}{first}";
        }

        List<string> remedies = [first];
        if (TableNeighbours.PartingPageSize(question) is { } smaller)
        {
            remedies.Add($"use a kernel with {Size(smaller)} pages, on which nothing else shares the table's pages");
        }

        if (relocation is not null)
        {
            remedies.Add($"move the table in QEMU with {relocation}");
        }

        return $"to reach directly what shares it ({List(registers)}), {string.Join(", or ", remedies)}";
    }

    /// <summary>QEMU moves the guest's table, not the function's: that helps only where it can map the function's.</summary>
    private static bool IsTableOffered(MsixTableDecision decision) =>
        decision.Reason is not (MsixTableReason.BackendCannotMap or MsixTableReason.BackendHidesTable);

    private static string WhatIsLeft(MsixTableDecision decision) =>
        decision.Trapped.IsEmpty ? "there is nothing to do" : $"to map {List(decision.Trapped)} as well, use a backend that offers it in whole pages";

    private static string List(ImmutableArray<ByteRange> ranges)
    {
        const int Shown = 3;
        string shown = string.Join(", ", ranges.Take(Shown));
        return ranges.Length > Shown ? string.Create(CultureInfo.InvariantCulture, $"{shown} and {ranges.Length - Shown} more") : shown;
    }

    private static string Size(ulong bytes)
    {
        (ulong count, string unit) = bytes switch
        {
            >= 1 << 20 => (bytes >> 20, "M"),
            >= 1 << 10 => (bytes >> 10, "K"),
            _ => (bytes, " bytes"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");
    }
}
