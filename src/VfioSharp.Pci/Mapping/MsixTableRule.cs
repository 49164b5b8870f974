namespace VfioSharp.Pci.Mapping;

/// <summary>When the caller wants the page of an MSI-X table mapped.</summary>
public enum MsixTableRule
{
    /// <summary>Where the group's MSIs are isolated, and nowhere else.</summary>
    RequireIsolation = 0,

    /// <summary>Nowhere.</summary>
    NeverMap,

    /// <summary>Wherever it can be mapped; the caller answers for it.</summary>
    AcceptRisk,
}
