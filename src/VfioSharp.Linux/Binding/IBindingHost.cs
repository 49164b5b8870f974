using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Binding;

/// <summary>What an executor changes, and reads to see what became of it.</summary>
internal interface IBindingHost
{
    string? DriverOf(PciAddress address);

    string? OverrideOf(PciAddress address);

    /// <summary>Takes one step; null where it worked.</summary>
    BindingFault? Perform(BindingStep step);
}
