using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.DeviceTree;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Isolation;

/// <summary>Where firmware, by device tree or ACPI, routes the messages of some requester IDs.</summary>
/// <param name="Kinds">The kinds of controllers they reach, each once; empty where they reach none or nothing tells.</param>
/// <param name="IsCertain">Whether an empty <paramref name="Kinds"/> means that there is none, rather than that nothing tells.</param>
/// <param name="Source">Where that was read.</param>
/// <param name="Text">What was read, for the operator.</param>
internal sealed record MsiRoute(ImmutableArray<MsiControllerKind> Kinds, bool IsCertain, string Source, string Text)
{
    private const string TreeSource = "sys/firmware/devicetree/base";
    private const string IortSource = "sys/firmware/acpi/tables/IORT";
    private const string MadtSource = "sys/firmware/acpi/tables/APIC";

    /// <summary>For RISC-V: how many guest interrupt files the IMSIC has, as index bits; 0 elsewhere.</summary>
    public uint GuestIndexBits { get; init; }

    /// <summary>Whether all IDs reach controllers of this one kind.</summary>
    public bool IsAll(MsiControllerKind kind) => Kinds is [var only] && only == kind;

    /// <summary>Follows the messages that the given requester IDs send below a host bridge.</summary>
    public static MsiRoute Of(HostEvidence host, HostBridgeEvidence? bridge, uint segment, IEnumerable<RequesterId> ids) =>
        host.DeviceTree.IsPresent && bridge?.DeviceTreeNode is { } node ? ByDeviceTree(host.DeviceTree, node, ids)
        : host.Firmware.IsPresent ? ByAcpi(host.Firmware, segment, ids)
        : new MsiRoute([], false, TreeSource, "neither a device tree nor ACPI tables show where its messages go");

    /// <summary>The host bridge above a function.</summary>
    public static HostBridgeEvidence? BridgeAbove(HostEvidence host, FunctionEvidence function)
    {
        string? root = function.DevicePath is { } path ? HostBridgeEvidence.RootOf(path) : null;
        return root is null ? null : host.HostBridges.FirstOrDefault(bridge => bridge.Path == root);
    }

    private static MsiRoute ByDeviceTree(DeviceTreeEvidence tree, string bridgeNode, IEnumerable<RequesterId> ids)
    {
        var kinds = new SortedSet<MsiControllerKind>();
        var names = new SortedSet<string>(StringComparer.Ordinal);
        uint guestBits = 0;
        bool unmapped = false;
        string source = $"{TreeSource}/{bridgeNode}";
        foreach (RequesterId id in ids)
        {
            DeviceTreeLookup lookup = tree.MsiControllerFor(bridgeNode, id);
            if (lookup.Outcome is DeviceTreeLookupOutcome.Unknown or DeviceTreeLookupOutcome.Malformed)
            {
                return new MsiRoute([], false, source, lookup.Finding ?? "the device tree cannot be followed");
            }

            unmapped |= lookup.Nodes.Count == 0;
            foreach (DeviceTreeNode controller in lookup.Nodes)
            {
                if (!controller.IsAvailable)
                {
                    return new MsiRoute([], false, source, $"the device tree routes its messages to {controller.Path}, which it marks as not available");
                }

                kinds.Add(KindOf(controller));
                names.Add(controller.Compatible is [var first, ..] ? first : controller.Path);
                guestBits = Math.Max(guestBits, controller.Cell("riscv,guest-index-bits") ?? 0);
            }
        }

        return kinds.Count == 0 ? new MsiRoute([], true, source, "the device tree gives its host bridge no MSI controller (neither msi-map nor msi-parent)")
            : unmapped ? new MsiRoute([], false, source, "the device tree's msi-map covers only some of its requester IDs")
            : new MsiRoute([.. kinds], true, source, $"the device tree routes its messages to {string.Join(" and ", names)}") { GuestIndexBits = guestBits };
    }

    private static MsiRoute ByAcpi(FirmwareTables firmware, uint segment, IEnumerable<RequesterId> ids)
    {
        if (firmware.IortTable is not { } iort)
        {
            return firmware.Iort.State == HostFileState.Denied
                ? new MsiRoute([], false, IortSource, "ACPI's IORT says where its messages go, and may not be read; run as root")
                : ByMadt(firmware);
        }

        bool some = false;
        bool all = true;
        foreach (RequesterId id in ids)
        {
            bool reaches = iort.ItsFor(segment, id).Count > 0;
            some |= reaches;
            all &= reaches;
        }

        return some && all ? new MsiRoute([MsiControllerKind.GicV3Its], true, IortSource, "ACPI's IORT routes its messages to a GICv3 ITS")
            : some ? new MsiRoute([], false, IortSource, "ACPI's IORT routes only some of its requester IDs to an ITS")
            : ByMadt(firmware);
    }

    // Linux takes GICv2m frames for every host bridge that the IORT gives no ITS (drivers/irqchip/irq-gic-v2m.c, gicv2m_acpi_init()).
    private static MsiRoute ByMadt(FirmwareTables firmware) => firmware.MadtTable switch
    {
        null => new MsiRoute([], false, MadtSource, "ACPI's MADT, which would name an MSI controller, may not be read; run as root"),
        { MsiFrames.Count: > 0 } => new MsiRoute([MsiControllerKind.GicV2m], true, MadtSource, "ACPI gives it a GICv2m frame"),
        _ => new MsiRoute([], true, MadtSource, "ACPI gives it no MSI controller (the IORT maps it to no ITS, the MADT has no MSI frame)"),
    };

    private static MsiControllerKind KindOf(DeviceTreeNode node) =>
        node.IsCompatible("arm,gic-v3-its")
            ? node.Has("socionext,synquacer-pre-its") ? MsiControllerKind.GicV3ItsBehindPreIts : MsiControllerKind.GicV3Its
        : node.IsCompatible("arm,gic-v2m-frame") ? MsiControllerKind.GicV2m
        : node.IsCompatible("riscv,imsics") ? MsiControllerKind.Imsic
        : MsiControllerKind.Other;
}
