namespace VfioSharp.VirtualHost;

/// <summary>What a virtual host's functions signal through.</summary>
public enum HostBridgeKind
{
    /// <summary>x86 without an IOMMU: messages and DMA go where they are written to.</summary>
    None = 0,

    /// <summary>x86 with Intel VT-d.</summary>
    Vtd,

    /// <summary>x86 with AMD-Vi.</summary>
    AmdVi,

    /// <summary>IBM POWER9, bare metal: PHB4 host bridges (IODA3).</summary>
    Ioda,

    /// <summary>IBM POWER8, bare metal: PHB3 host bridges (IODA2).</summary>
    Ioda2,

    /// <summary>arm64 with an SMMUv3 and a GICv3 ITS.</summary>
    Its,

    /// <summary>arm64 with an SMMUv3 and a GICv2m frame.</summary>
    V2m,

    /// <summary>s390x: zPCI, adapter interrupts.</summary>
    S390,

    /// <summary>RISC-V with an IOMMU and an IMSIC.</summary>
    Imsic,
}
