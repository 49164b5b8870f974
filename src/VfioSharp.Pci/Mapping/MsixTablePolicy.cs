using System.Collections.Immutable;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Pci.Mapping;

/// <summary>
/// The one decision: may the page that holds an MSI-X table be mapped? Audit, driver and server all ask here; docs/decision.md has the table.
/// </summary>
public static class MsixTablePolicy
{
    /// <summary>Answers the question. Total: every question that can be made has an answer.</summary>
    public static MsixTableDecision Decide(MsixTableQuestion question)
    {
        ArgumentNullException.ThrowIfNull(question);
        var grid = new PageGrid(question.Bar, question.PageSize);
        ImmutableArray<ByteRange> offered = RangeList.Union(RangeList.Union(question.Backend.Select(range => range.Intersect(question.Bar))).Select(grid.Inner));
        ByteRange tablePages = question.Table is { } table ? grid.Cover(table) : default;
        (MsixTableAccess access, MsixTableReason reason) = Choose(question, offered, tablePages);
        ImmutableArray<ByteRange> mapped = access == MsixTableAccess.Mapped
            ? offered : [.. offered.SelectMany(range => RangeList.Subtract(range, [tablePages]))];
        return new MsixTableDecision(question, access, reason, tablePages, mapped, RangeList.Subtract(question.Bar, mapped));
    }

    // The first row that holds wins; the order is the design.
    private static (MsixTableAccess Access, MsixTableReason Reason) Choose(MsixTableQuestion question, ImmutableArray<ByteRange> offered, ByteRange tablePages) =>
        offered.IsEmpty ? (MsixTableAccess.Trapped, MsixTableReason.BackendCannotMap)
        : question.Table is null ? (MsixTableAccess.Mapped, MsixTableReason.NotInThisBar)
        : !offered.Any(range => range.Contains(tablePages)) ? (MsixTableAccess.Trapped, MsixTableReason.BackendHidesTable)
        : question.Rule == MsixTableRule.NeverMap ? (MsixTableAccess.Trapped, MsixTableReason.PolicyForbids)
        : question.Verdict == IsolationVerdict.Isolated ? (MsixTableAccess.Mapped, MsixTableReason.MsisIsolated)
        : question.Rule == MsixTableRule.AcceptRisk ? (MsixTableAccess.Mapped, MsixTableReason.RiskAccepted)
        : question.Verdict == IsolationVerdict.NotIsolated ? (MsixTableAccess.Trapped, MsixTableReason.MsisNotIsolated)
        : (MsixTableAccess.Trapped, MsixTableReason.IsolationUnknown);
}
