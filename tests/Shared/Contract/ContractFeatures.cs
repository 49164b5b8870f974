namespace VfioSharp.Tests.Contract;

/// <summary>What a subject can do, and so which checks apply.</summary>
[Flags]
internal enum ContractFeatures
{
    None = 0,

    /// <summary>It has a register that keeps what is written.</summary>
    Scratch = 1 << 0,

    /// <summary>That register can be reached a byte and two bytes at a time.</summary>
    NarrowAccess = 1 << 8,

    /// <summary>Its MSI-X vectors can be made to fire, two at least.</summary>
    Msix = 1 << 1,

    /// <summary>It can be made to fire by MSI.</summary>
    Msi = 1 << 2,

    /// <summary>It can be made to assert its legacy line.</summary>
    Intx = 1 << 3,

    /// <summary>It copies memory.</summary>
    Dma = 1 << 4,

    /// <summary>It can be reset by itself.</summary>
    Reset = 1 << 5,

    /// <summary>Somebody can ask for it back.</summary>
    Removal = 1 << 6,

    /// <summary>It can be made to vanish.</summary>
    Loss = 1 << 7,
}
