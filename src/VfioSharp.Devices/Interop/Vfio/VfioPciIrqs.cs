namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>The kinds of interrupt of a PCI function (<c>include/uapi/linux/vfio.h</c>).</summary>
internal static class VfioPciIrqs
{
    public const uint VFIO_PCI_INTX_IRQ_INDEX = 0;
    public const uint VFIO_PCI_MSI_IRQ_INDEX = 1;
    public const uint VFIO_PCI_MSIX_IRQ_INDEX = 2;

    /// <summary>An uncorrectable error that AER reported.</summary>
    public const uint VFIO_PCI_ERR_IRQ_INDEX = 3;

    /// <summary>The kernel asks for the device back.</summary>
    public const uint VFIO_PCI_REQ_IRQ_INDEX = 4;
    public const uint VFIO_PCI_NUM_IRQS = 5;
}
