using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Evidence;

/// <summary>
/// The kernel's own isolation flag for one function's interrupt domain, from <c>/sys/kernel/debug/irq/domains</c>
/// (<c>CONFIG_GENERIC_IRQ_DEBUGFS</c>; root, debugfs mounted). <c>IRQ_DOMAIN_FLAG_ISOLATED_MSI</c> on the domain or one above it is exactly
/// what VFIO asks for (<c>msi_device_has_isolated_msi()</c>, kernel/irq/msi.c).
/// </summary>
/// <param name="Function">The function whose domain it is.</param>
/// <param name="Domain">The domain's name, for example <c>IR-PCI-MSIX-0000:00:03.0-12</c>.</param>
/// <param name="IsIsolated">Whether the flag is set on it or above it.</param>
public sealed record MsiDomainEvidence(PciAddress Function, string Domain, bool IsIsolated)
{
    private const string Folder = "sys/kernel/debug/irq/domains";
    private const string Flag = "IRQ_DOMAIN_FLAG_ISOLATED_MSI";

    internal static IEnumerable<MsiDomainEvidence> ReadAll(EvidenceSource source)
    {
        foreach (string name in source.List(Folder))
        {
            if (FunctionIn(name) is { } function && source.ReadText($"{Folder}/{name}") is { } text)
            {
                yield return new MsiDomainEvidence(function, name, text.Contains(Flag, StringComparison.Ordinal));
            }
        }
    }

    internal void WriteTo(MemoryTree tree) =>
        tree.AddFile($"{Folder}/{Domain}", IsIsolated ? $"name:   {Domain}\n            {Flag}\n" : $"name:   {Domain}\n");

    // Per-device MSI domains are named PREFIXPCI-MSI[X]-ADDRESS[-ID] (pci_create_device_domain(), drivers/pci/msi/irqdomain.c).
    private static PciAddress? FunctionIn(string name)
    {
        int start = name.IndexOf("PCI-MSI", StringComparison.Ordinal);
        int dash = start < 0 ? -1 : name.IndexOf('-', start + "PCI-".Length);
        if (dash < 0)
        {
            return null;
        }

        string rest = name[(dash + 1)..];
        int end = rest.IndexOf('-', StringComparison.Ordinal);
        return PciAddress.TryParse(end < 0 ? rest : rest[..end], out PciAddress address) ? address : null;
    }
}
