namespace VfioSharp.Pci.Mapping;

/// <summary>How the pages that hold an MSI-X table are reached.</summary>
public enum MsixTableAccess
{
    /// <summary>Each access goes through the backend: slow, and the table itself stays out of reach.</summary>
    Trapped = 0,

    /// <summary>They are mapped like the rest of the BAR.</summary>
    Mapped,
}
