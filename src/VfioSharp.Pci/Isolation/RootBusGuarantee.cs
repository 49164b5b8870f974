using System.Collections.Immutable;

namespace VfioSharp.Pci.Isolation;

/// <summary>Whether every requester ID below a host bridge has its messages confined, from the host bridge's and the interrupt controller's evidence alone.</summary>
/// <param name="IsIsolated">Whether the guarantee holds. Where the evidence does not tell, it does not.</param>
/// <param name="Findings">Why.</param>
internal sealed record RootBusGuarantee(bool IsIsolated, ImmutableArray<IsolationFinding> Findings)
{
    public static RootBusGuarantee Given(string source, string text) => new(true, [new(source, text)]);

    public static RootBusGuarantee Withheld(string source, string text) => new(false, [new(source, text)]);
}
