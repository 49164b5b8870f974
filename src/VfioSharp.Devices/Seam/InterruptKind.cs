namespace VfioSharp.Devices.Seam;

/// <summary>The ways a function interrupts, in VFIO's and vfio-user's numbering (<c>include/uapi/linux/vfio.h</c>).</summary>
internal enum InterruptKind
{
    Intx = 0,
    Msi = 1,
    Msix = 2,
    Error = 3,
    Request = 4,
}
