namespace VfioSharp.Pci.Mapping;

/// <summary>Why the table's pages are mapped or trapped: the first row of the decision table that holds.</summary>
public enum MsixTableReason
{
    /// <summary>The backend maps nothing in this BAR.</summary>
    BackendCannotMap,

    /// <summary>This BAR holds no MSI-X table.</summary>
    NotInThisBar,

    /// <summary>What the backend maps leaves out a byte of the table's pages.</summary>
    BackendHidesTable,

    /// <summary>The caller's rule is <see cref="MsixTableRule.NeverMap"/>.</summary>
    PolicyForbids,

    /// <summary>The group's MSIs are isolated.</summary>
    MsisIsolated,

    /// <summary>The caller's rule is <see cref="MsixTableRule.AcceptRisk"/>.</summary>
    RiskAccepted,

    /// <summary>The group's MSIs are not isolated.</summary>
    MsisNotIsolated,

    /// <summary>Whether they are isolated is unknown.</summary>
    IsolationUnknown,
}
