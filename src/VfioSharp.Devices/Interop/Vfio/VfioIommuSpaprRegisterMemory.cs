using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_iommu_spapr_register_memory</c> (<c>include/uapi/linux/vfio.h</c>): memory to be pinned before it is mapped.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIommuSpaprRegisterMemory
{
    public uint argsz;
    public uint flags;
    public ulong vaddr;
    public ulong size;
}
