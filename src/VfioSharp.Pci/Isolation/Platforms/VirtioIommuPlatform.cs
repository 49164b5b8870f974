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

        // iommu_dma_prepare_msi() (drivers/iommu/iommu.c) came to refuse domains without an MSI cookie, and type1 asks for none where the
        // IOMMU reserves the doorbell itself. Linux 6.12 enables MSI-X in the same guest in which 7.3 fails.
        return host.Family == ArchitectureFamily.Arm64 && filter.Verdict == IsolationVerdict.Isolated && host.KernelIsAtLeast(6, 15)
            ? filter.With($"sys/class/iommu/{unit}",
                "VFIO attaches here, but from Linux 6.15 on enabling MSI-X through type1 fails with ENOSPC where the virtio-iommu reserves the ITS's doorbell, as QEMU's does")
            : filter;
    }

    public override MessageFilter AcceptAttach(HostEvidence host, MessageFilter filter) => OfHost(host).AcceptAttach(host, filter);

    public override RootBusGuarantee ExamineHostBridge(HostEvidence host, HostBridgeEvidence bridge, ImmutableArray<Requester> requesters) =>
        OfHost(host).ExamineHostBridge(host, bridge, requesters);
}
