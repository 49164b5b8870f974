using System.Collections.Immutable;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Isolation.Platforms;

/// <summary>
/// s390x: firmware gives each function adapter-interrupt bit vectors of its own when the function is registered, and turns its messages into
/// bits there (<c>arch/s390/pci/pci_irq.c</c>). Isolation is the architecture's; <c>arch_is_isolated_msi()</c> is true.
/// </summary>
internal sealed class S390Platform : IsolationPlatform
{
    private const string Source = "architecture";
    private const string Text = "s390x delivers a function's messages as adapter interrupts, to bit vectors that firmware holds for that function alone";

    public override string Name => "s390x zPCI";

    public override MessageFilter ExamineFunction(HostEvidence host, Requester function) =>
        new MessageFilter { Verdict = IsolationVerdict.Isolated, Advertised = true, InUse = true, KernelAnswer = true }.With(Source, Text);

    public override RootBusGuarantee ExamineHostBridge(HostEvidence host, HostBridgeEvidence bridge, ImmutableArray<Requester> requesters) =>
        RootBusGuarantee.Given(Source, Text);
}
