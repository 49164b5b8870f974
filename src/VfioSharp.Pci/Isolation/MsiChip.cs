using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Isolation;

/// <summary>The chip that delivers a function's own vectors: the best witness there is, present only while a driver has vectors enabled.</summary>
/// <param name="Name">Its name without the function's address, for example <c>IR-PCI-MSIX</c>.</param>
internal readonly record struct MsiChip(string Name)
{
    public const string Source = "proc/interrupts";

    /// <summary>The different chips of a function's vectors, most often one or none.</summary>
    public static IReadOnlyList<MsiChip> Of(HostEvidence host, FunctionEvidence function)
    {
        List<MsiChip> chips = [];
        foreach (int irq in function.MsiIrqs)
        {
            if (host.Interrupts.ChipOf(irq) is { } name && new MsiChip(WithoutAddress(name)) is var chip && !chips.Contains(chip))
            {
                chips.Add(chip);
            }
        }

        return chips;
    }

    /// <summary>Whether this is <c>PCI-MSI</c> or <c>PCI-MSIX</c> behind the given prefix.</summary>
    public bool IsPciMsi(string prefix) => Name == prefix + "PCI-MSI" || Name == prefix + "PCI-MSIX";

    // Linux 6.12 and later: PREFIXPCI-MSIX-0000:00:03.0
    private static string WithoutAddress(string name)
    {
        int dash = name.LastIndexOf('-');
        return dash > 0 && name.Contains(':') && PciAddress.TryParse(name[(dash + 1)..], out _) ? name[..dash] : name;
    }
}
