namespace VfioSharp.Pci.Evidence;

/// <summary>Which hardware an entry of <c>/sys/class/iommu</c> stands for.</summary>
public enum IommuUnitKind
{
    /// <summary>None that is known here.</summary>
    Other = 0,

    /// <summary>Intel VT-d: <c>dmarN</c>.</summary>
    IntelVtd,

    /// <summary>AMD-Vi: <c>ivhdN</c>.</summary>
    AmdVi,

    /// <summary>Arm SMMU v1, v2 or v3: <c>smmu.*</c>, <c>smmu3.*</c>.</summary>
    ArmSmmu,

    /// <summary>The TCE tables of an IBM Power host bridge: <c>iommu-phbNNNN</c>.</summary>
    SpaprTce,

    /// <summary>s390x: <c>s390-iommu.*</c>.</summary>
    S390,

    /// <summary>RISC-V IOMMU: <c>riscv-iommu@*</c>.</summary>
    RiscV,

    /// <summary>A paravirtual IOMMU (virtio specification 1.2, 5.13), named after its transport device.</summary>
    Virtio,
}
