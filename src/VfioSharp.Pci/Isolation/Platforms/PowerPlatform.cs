using System.Collections.Immutable;
using VfioSharp.Pci.DeviceTree;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Isolation.Platforms;

/// <summary>
/// IBM Power: no remapping, yet isolation. The host bridge knows the partitionable endpoint of every requester and lets each signal only the
/// interrupts that belong to it. The kernel never asks: VFIO there uses SPAPR TCE containers, whose attach checks no isolation.
/// </summary>
internal abstract class PowerPlatform : IsolationPlatform
{
    /// <summary>How the platform's chips are named.</summary>
    protected abstract string ChipPrefix { get; }

    /// <summary>Whether a device tree node is a host bridge that isolates.</summary>
    protected abstract bool IsIsolatingBridge(DeviceTreeNode node);

    /// <summary>What such a host bridge does, as a sentence.</summary>
    protected abstract string Guarantee { get; }

    public static bool IsBareMetal(HostEvidence host) =>
        host.DeviceTree.Root?.Compatible.Any(name => name.Contains("powernv", StringComparison.Ordinal)) == true
        || host.Log.Find("Initializing IODA") is not null;

    public sealed override MessageFilter ExamineFunction(HostEvidence host, Requester function)
    {
        DeviceTreeNode? bridge = BridgeOf(host, function.Function);
        bool? claimed = bridge is null ? null : IsIsolatingBridge(bridge);
        bool? kernelAnswer = UnitOf(host, function.Function)?.Kind == IommuUnitKind.SpaprTce ? true : null;
        IReadOnlyList<MsiChip> chips = MsiChip.Of(host, function.Function);
        MessageFilter filter;
        if (chips.Count > 0 && chips.All(chip => chip.IsPciMsi(ChipPrefix)))
        {
            filter = new MessageFilter { Verdict = IsolationVerdict.Isolated, InUse = true }
                .With(MsiChip.Source, $"its vectors are delivered by {chips[0].Name}: {Guarantee}");
        }
        else if (claimed == true && chips.All(chip => chip.Name.StartsWith("XIVE", StringComparison.Ordinal) || chip.Name.StartsWith("XICS", StringComparison.Ordinal)))
        {
            // Before Linux 5.15 the vectors show the interrupt controller's name; the host bridge's node says the same.
            filter = new MessageFilter { Verdict = IsolationVerdict.Isolated, InUse = true }
                .With($"sys/firmware/devicetree/base/{bridge!.Path}", $"its host bridge is {string.Join(", ", bridge.Compatible)}: {Guarantee}");
        }
        else if (chips.Count > 0)
        {
            filter = MessageFilter.Unknown(MsiChip.Source, $"its vectors are delivered by {chips[0].Name}, a chip that no platform known here judges");
        }
        else
        {
            filter = MessageFilter.Unknown("sys/firmware/devicetree/base", bridge is null
                ? "it holds no vectors, and the device tree does not show its host bridge"
                : $"it holds no vectors, and its host bridge ({string.Join(", ", bridge.Compatible)}) is not known here");
        }

        // 5.19 began to ask the IOMMU's driver before it lets vfio-pci bind (e8ae0e140c05), and Power had none to ask until 6.4 (a940904443e4).
        if (kernelAnswer == true && host.KernelIsAtLeast(5, 19) && !host.KernelIsAtLeast(6, 4))
        {
            kernelAnswer = null;
            filter = filter.With("proc/sys/kernel/osrelease",
                $"Linux 5.19 to 6.3 refuses to bind vfio-pci on Power (EINVAL) unless the distribution repaired it; this is {host.KernelRelease}");
        }

        return filter with { Advertised = claimed ?? (filter.InUse == true ? true : null), KernelAnswer = kernelAnswer };
    }

    public sealed override RootBusGuarantee ExamineHostBridge(HostEvidence host, HostBridgeEvidence bridge, ImmutableArray<Requester> requesters)
    {
        DeviceTreeNode? node = bridge.DeviceTreeNode is { } path ? host.DeviceTree.HostBridge(path) : null;
        return node is null ? RootBusGuarantee.Withheld("sys/firmware/devicetree/base", "the device tree does not show this host bridge")
            : IsIsolatingBridge(node) ? RootBusGuarantee.Given($"sys/firmware/devicetree/base/{node.Path}", $"{string.Join(", ", node.Compatible)}: {Guarantee}")
            : RootBusGuarantee.Withheld($"sys/firmware/devicetree/base/{node.Path}", $"{string.Join(", ", node.Compatible)} is not known here");
    }

    private static DeviceTreeNode? BridgeOf(HostEvidence host, FunctionEvidence function)
    {
        return MsiRoute.BridgeAbove(host, function)?.DeviceTreeNode is { } node ? host.DeviceTree.HostBridge(node) : null;
    }
}
