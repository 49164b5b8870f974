namespace VfioSharp.VirtualHost.Units.Amd;

/// <summary>What becomes of fixed and arbitrated interrupts: IntCtl of a device table entry (AMD IOMMU specification 3.11, table 9).</summary>
internal enum AmdViInterruptControl
{
    /// <summary>They are aborted.</summary>
    Abort = 0,

    /// <summary>They are forwarded as they are.</summary>
    Forward = 1,

    /// <summary>They are looked up in the interrupt remapping table.</summary>
    Remap = 2,

    /// <summary>Nothing: the entry is illegal.</summary>
    Reserved = 3,
}
