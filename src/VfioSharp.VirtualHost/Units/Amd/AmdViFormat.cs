namespace VfioSharp.VirtualHost.Units.Amd;

/// <summary>How an interrupt remapping table entry is laid out (AMD IOMMU specification 3.11, table 21 and 2.2.5.3).</summary>
internal enum AmdViFormat
{
    /// <summary>32 bits with an 8-bit destination (figure 15): GAEn is 0.</summary>
    Basic,

    /// <summary>128 bits with an 8-bit destination (figure 17): GAEn is 1.</summary>
    Wide,

    /// <summary>128 bits with a 32-bit destination (figure 19): GAEn and XTEn are 1.</summary>
    X2Apic,
}
