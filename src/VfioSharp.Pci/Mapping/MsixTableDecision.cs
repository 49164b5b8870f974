using System.Collections.Immutable;

namespace VfioSharp.Pci.Mapping;

/// <summary>What was decided about the pages of an MSI-X table, and what is mapped and trapped of its BAR as a result.</summary>
public sealed class MsixTableDecision
{
    internal MsixTableDecision(
        MsixTableQuestion question, MsixTableAccess access, MsixTableReason reason, ByteRange tablePages, ImmutableArray<ByteRange> mapped, ImmutableArray<ByteRange> trapped)
    {
        Question = question;
        Access = access;
        Reason = reason;
        TablePages = tablePages;
        Mapped = mapped;
        Trapped = trapped;
    }

    /// <summary>What was asked.</summary>
    public MsixTableQuestion Question { get; }

    /// <summary>Whether the table's pages are mapped. Where the BAR holds no table: whether the rest is.</summary>
    public MsixTableAccess Access { get; }

    /// <summary>Why.</summary>
    public MsixTableReason Reason { get; }

    /// <summary>The pages that hold a byte of the table, clipped to the BAR; empty where the BAR holds no table.</summary>
    public ByteRange TablePages { get; }

    /// <summary>What to map: ordered, apart, aligned to pages but for the BAR's end.</summary>
    public ImmutableArray<ByteRange> Mapped { get; }

    /// <summary>The rest of the BAR, which is reached through the backend.</summary>
    public ImmutableArray<ByteRange> Trapped { get; }

    /// <summary>What the caller takes upon itself by mapping, as a sentence; null unless <see cref="Reason"/> is <see cref="MsixTableReason.RiskAccepted"/>.</summary>
    public string? Warning => Reason == MsixTableReason.RiskAccepted ? MsixTableExplanation.Risk(Question) : null;

    /// <summary>One sentence for an operator: what was decided, why, and what can be done about it.</summary>
    public string Explain() => MsixTableExplanation.Of(this);
}
