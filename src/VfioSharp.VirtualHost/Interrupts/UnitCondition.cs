namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>Whether an isolation unit confines messages as its registers and tables stand now.</summary>
/// <param name="IsIsolating">
/// Whether every message is either blocked or becomes an interrupt that the host gave to whoever sent it, or to another of its IOMMU group.
/// </param>
/// <param name="Reason">The register or table that makes it so, as a sentence.</param>
public readonly record struct UnitCondition(bool IsIsolating, string Reason);
