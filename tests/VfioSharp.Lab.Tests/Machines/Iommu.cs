namespace VfioSharp.Lab.Tests.Machines;

/// <summary>What stands between a machine's functions and its memory and processors.</summary>
public enum Iommu
{
    /// <summary>Nothing. On arm64 messages go through the ITS.</summary>
    None,

    /// <summary>VT-d that remaps interrupts.</summary>
    IntelRemapping,

    /// <summary>VT-d that remaps interrupts and is told of mappings as they are made: QEMU needs that to pass them on to whoever serves a function.</summary>
    IntelCachingMode,

    /// <summary>VT-d that does not.</summary>
    IntelNoRemapping,

    /// <summary>AMD-Vi that remaps interrupts. Kernel 7 leaves that off in QEMU for want of a southbridge's IO-APIC.</summary>
    AmdRemapping,

    /// <summary>AMD-Vi that does not.</summary>
    AmdNoRemapping,

    /// <summary>SMMUv3, and messages through the ITS.</summary>
    SmmuIts,

    /// <summary>SMMUv3, and messages to a frame of the GICv2m, which filters none.</summary>
    SmmuGicv2m,
}
