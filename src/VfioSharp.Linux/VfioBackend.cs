namespace VfioSharp.Linux;

/// <summary>The ways of Linux to give a function to a process (<c>Documentation/driver-api/vfio.rst</c>).</summary>
public enum VfioBackend
{
    /// <summary>
    /// What the host offers: iommufd where its files can be opened, else the group. Where the group is open in this process already, the same again; where
    /// isolation is lacking and only one of the two has its override on, that one. Never the no-IOMMU mode.
    /// </summary>
    Auto = 0,

    /// <summary>The function's IOMMU group and a container: <c>/dev/vfio/N</c> and <c>/dev/vfio/vfio</c>.</summary>
    Group,

    /// <summary>The function itself and an iommufd: <c>/dev/vfio/devices/vfioN</c> and <c>/dev/iommu</c>, Linux 6.6 and later.</summary>
    IommuFd,

    /// <summary>
    /// VFIO's no-IOMMU mode: <c>/dev/vfio/noiommu-N</c>. Nothing translates or confines what the function writes, no memory can be mapped for DMA, and the kernel
    /// is tainted. Registers and interrupts work.
    /// </summary>
    NoIommu,
}
