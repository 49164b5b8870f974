namespace VfioSharp.VirtualHost.Units.Amd;

/// <summary>
/// Interrupts that are neither fixed nor arbitrated and that a device table entry lets pass as they are, by their bits in 191:128 of the entry (AMD
/// IOMMU specification 3.11, table 10).
/// </summary>
[Flags]
internal enum AmdViPass : ulong
{
    None = 0,
    InitPass = 1UL << 56,
    EIntPass = 1UL << 57,
    NmiPass = 1UL << 58,
    Lint0Pass = 1UL << 62,
    Lint1Pass = 1UL << 63,
}
