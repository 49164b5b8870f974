using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Binding;

/// <summary>How a bind or an unbind ended, and what its user should know.</summary>
/// <param name="Address">The function that was asked for.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Message">One sentence or more for people, each function by its address.</param>
/// <param name="Notes">What else is worth knowing, as sentences.</param>
public sealed record BindOutcome(PciAddress Address, BindingStatus Status, string Message, ImmutableArray<string> Notes)
{
    /// <summary>Whether the function is now as asked.</summary>
    public bool Succeeded => Status is BindingStatus.Done or BindingStatus.Unchanged;
}
