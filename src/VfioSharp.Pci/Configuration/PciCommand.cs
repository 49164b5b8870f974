namespace VfioSharp.Pci.Configuration;

/// <summary>The Command register (PCIe 6.0, 7.5.1.1.3; bits that only conventional PCI uses: PCI 3.0, 6.2.2).</summary>
/// <remarks>A virtual function holds no memory-space bit of its own: its physical function's SR-IOV capability has it.</remarks>
[Flags]
public enum PciCommand
{
    /// <summary>No bit set.</summary>
    None = 0,

    /// <summary>The function answers in I/O space.</summary>
    IoSpace = 1 << 0,

    /// <summary>The function answers in memory space.</summary>
    MemorySpace = 1 << 1,

    /// <summary>The function may send requests: DMA, and the messages that MSI and MSI-X are.</summary>
    BusMaster = 1 << 2,

    /// <summary>Conventional PCI: the function listens to special cycles.</summary>
    SpecialCycles = 1 << 3,

    /// <summary>Conventional PCI: the function may send Memory Write and Invalidate.</summary>
    MemoryWriteAndInvalidate = 1 << 4,

    /// <summary>Conventional PCI: the function snoops writes to the VGA palette.</summary>
    VgaPaletteSnoop = 1 << 5,

    /// <summary>The function reports parity errors or poisoned data.</summary>
    ParityErrorResponse = 1 << 6,

    /// <summary>The function reports errors upstream.</summary>
    SerrEnable = 1 << 8,

    /// <summary>Conventional PCI: fast back-to-back transactions to different targets.</summary>
    FastBackToBack = 1 << 9,

    /// <summary>The function must not raise INTx.</summary>
    InterruptDisable = 1 << 10,
}
