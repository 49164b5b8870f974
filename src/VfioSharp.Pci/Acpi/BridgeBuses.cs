namespace VfioSharp.Pci.Acpi;

/// <summary>The buses below a bridge, as its configuration space holds them (PCI-to-PCI Bridge 1.2, 3.2.5.3 and 3.2.5.4).</summary>
/// <param name="Secondary">The bus on the bridge's far side.</param>
/// <param name="Subordinate">The highest bus number below the bridge.</param>
internal readonly record struct BridgeBuses(byte Secondary, byte Subordinate)
{
    /// <summary>Whether the bus lies below the bridge.</summary>
    public bool Contain(byte bus) => bus >= Secondary && bus <= Subordinate;
}
