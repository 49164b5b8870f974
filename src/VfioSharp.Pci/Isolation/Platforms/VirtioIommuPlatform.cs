using System.Collections.Immutable;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Isolation.Platforms;

/// <summary>
/// virtio-iommu (virtio specification 1.2, 5.13) translates DMA and knows nothing of interrupts: whether messages are confined is up to
/// what else the machine has, an ITS on arm64, nothing on x86 unless a remapping unit stands beside it.
/// </summary>
internal sealed class VirtioIommuPlatform : IsolationPlatform
{
    public override string Name => "virtio-iommu";

    public override MessageFilter ExamineFunction(HostEvidence host, Requester function)
    {
        string unit = function.Function.IommuUnit ?? "virtio-iommu";
        MessageFilter filter = OfHost(host).ExamineFunction(host, function);
        if (host.Family == ArchitectureFamily.X86 && filter.InUse is null && MsiChip.Of(host, function.Function).Count == 0
            && host.Interrupts.IoApicChips() is ["IO-APIC"])
        {
            filter = (filter with { Verdict = IsolationVerdict.NotIsolated, InUse = false, KernelAnswer = false, Findings = [] })
                .With(MsiChip.Source, "the host's IO-APICs are plain IO-APIC: no remapping unit is in use beside virtio-iommu");
        }

        filter = filter.With($"sys/class/iommu/{unit}", "virtio-iommu translates DMA and does nothing to messages");
        return host.Family == ArchitectureFamily.Arm64
            ? filter.With($"sys/class/iommu/{unit}", "VFIO attaches here, but enabling MSI-X then fails with ENOSPC: the driver maps no doorbell for the ITS")
            : filter;
    }

    public override RootBusGuarantee ExamineHostBridge(HostEvidence host, HostBridgeEvidence bridge, ImmutableArray<Requester> requesters) =>
        OfHost(host).ExamineHostBridge(host, bridge, requesters);
}
