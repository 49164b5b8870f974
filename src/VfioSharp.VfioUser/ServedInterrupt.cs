using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Seam;

namespace VfioSharp.VfioUser;

/// <summary>A way in which a served function interrupts, as its server describes it.</summary>
/// <param name="Name">What it is called: INTx, MSI, MSI-X, error, request.</param>
/// <param name="Count">How many vectors; 0 where the function does not interrupt so.</param>
/// <param name="IsSignalled">Whether by eventfds that the client gives.</param>
/// <param name="IsMaskable">Whether the client can mask it by a message.</param>
/// <param name="IsAutomasked">Whether it is masked each time it fires.</param>
/// <param name="CanGrow">Whether vectors can be added while others are in use.</param>
public readonly record struct ServedInterrupt(string Name, int Count, bool IsSignalled, bool IsMaskable, bool IsAutomasked, bool CanGrow)
{
    internal static ServedInterrupt Of(VfioIrqInfo info) => new(
        ((InterruptKind)info.index).Label,
        (int)info.count,
        (info.flags & VfioIrqInfo.VFIO_IRQ_INFO_EVENTFD) != 0,
        (info.flags & VfioIrqInfo.VFIO_IRQ_INFO_MASKABLE) != 0,
        (info.flags & VfioIrqInfo.VFIO_IRQ_INFO_AUTOMASKED) != 0,
        (info.flags & VfioIrqInfo.VFIO_IRQ_INFO_NORESIZE) == 0);
}
