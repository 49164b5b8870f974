namespace VfioSharp.Pci.Acpi;

/// <summary>What an IORT node describes (Arm DEN0049E, 3.1).</summary>
internal enum IortNodeType
{
    /// <summary>A group of interrupt translation services.</summary>
    ItsGroup = 0,

    /// <summary>A device of the ACPI name space.</summary>
    NamedComponent = 1,

    /// <summary>A PCI root complex.</summary>
    RootComplex = 2,

    /// <summary>An SMMU of version 1 or 2.</summary>
    Smmu = 3,

    /// <summary>An SMMU of version 3.</summary>
    SmmuV3 = 4,

    /// <summary>A performance monitor counter group.</summary>
    Pmcg = 5,

    /// <summary>Memory that some devices go on using.</summary>
    ReservedMemory = 6,
}
