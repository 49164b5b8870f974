using System.Collections.Immutable;
using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Regions;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Linux.Backends;

/// <summary>Opens a function: finds out about it, takes its group, asks the kernel for its shape, judges, and makes it ready.</summary>
/// <param name="tree">The host's files.</param>
/// <param name="options">What the caller wants.</param>
internal sealed class FunctionOpener(HostTree tree, VfioOptions options)
{
    private const string Operation = "open";

    /// <summary>Opens it; blocks, for as long as the kernel takes to reset it.</summary>
    /// <exception cref="PciException">It cannot be opened.</exception>
    public VfioFunction Open(PciAddress address)
    {
        OpenContext context = Look(address);
        IommuGroupEvidence group = FindGroup(context);
        VfioBackend backend = Choose(context, group);
        Attachment attachment = Attachments.Shared.Acquire(group.Number, backend, address, () => backend == VfioBackend.IommuFd
            ? IommuFdAttachment.Take(context, group.Number) : GroupAttachment.Take(context, group));
        DeviceFile? device = null;
        VfioFunction? function = null;
        try
        {
            device = attachment.OpenDevice(context);
            ImmutableArray<RegionDescription> regions = [.. Enumerable.Range(0, RegionIndex.Count).Select(device.GetRegion)];
            function = new VfioFunction(Describe(context, attachment, device, regions), device, regions, attachment);
            function.Start();
            return function;
        }
        catch
        {
            if (function is not null)
            {
                function.Close();
            }
            else
            {
                device?.Dispose();
                Attachments.Shared.Release(attachment, address);
            }

            throw;
        }
    }

    private OpenContext Look(PciAddress address)
    {
        HostEvidence host = options.Host ?? HostEvidence.Read(tree);
        if (!host.Functions.Any(function => function.Address == address))
        {
            throw new PciException(Operation, $"there is no PCI function at {address}: vfio list shows what there is", address, (int)Errno.ENODEV);
        }

        return new OpenContext(tree, HostAudit.Of(host, [address]).Functions[0], host, options);
    }

    private IommuGroupEvidence FindGroup(OpenContext context)
    {
        const string Alone = "name VfioBackend.NoIommu to open it all the same, in the mode that protects nothing";
        if (context.Group is not { } group)
        {
            throw new PciException(Operation, options.Backend == VfioBackend.NoIommu
                ? $"{context.Address} is in no group: for VFIO's no-IOMMU mode write Y to /sys/module/vfio/parameters/enable_unsafe_noiommu_mode, then vfio bind {context.Address}"
                : $"{context.Address} is in no IOMMU group, so nothing translates its DMA: enable the IOMMU in the firmware and on the kernel's command line (docs/symptoms/no-iommu-groups.md)",
                context.Address);
        }

        return group.IsNoIommu == (options.Backend == VfioBackend.NoIommu) ? group : throw new PciException(Operation, group.IsNoIommu
            ? $"{context.Address} has no IOMMU: {Alone}"
            : $"{context.Address} is in IOMMU group {group.Number}: VFIO's no-IOMMU mode is for functions without an IOMMU; leave VfioOptions.Backend alone", context.Address);
    }

    private VfioBackend Choose(OpenContext context, IommuGroupEvidence group)
    {
        if (options.Backend != VfioBackend.Auto)
        {
            return options.Backend;
        }

        bool isRefused = context.Audit.Isolation.Verdict == IsolationVerdict.NotIsolated
            && context.Host.Vfio is { IommufdAllowsUnsafe: not true, Type1AllowsUnsafe: true };
        return BackendChoice.Choose(
            Attachments.Shared.BackendOf(group.Number),
            context.DeviceNode is { } node && CanOpen(IommuFdAttachment.IommuNode) && CanOpen(node),
            tree.List("dev/vfio").Contains(Path.GetFileName(GroupAttachment.NodeOf(group))),
            options.VfToken is not null && context.Audit.Evidence.PhysicalFunction is not null,
            isRefused);
    }

    // A function's file says EBUSY while somebody has it; whoever opens it then learns who.
    private static bool CanOpen(string node)
    {
        using FileDescriptor? file = FileDescriptor.Open(node, OpenFlags.O_RDWR, out Errno error);
        return file is not null || error == Errno.EBUSY;
    }

    private FunctionShape Describe(OpenContext context, Attachment attachment, DeviceFile device, ImmutableArray<RegionDescription> regions)
    {
        Errno error = device.GetInfo(out VfioDeviceInfo info);
        if (error != Errno.None || (info.flags & VfioDeviceInfo.VFIO_DEVICE_FLAGS_PCI) == 0)
        {
            throw new PciException(Operation, $"{context.Address}: VFIO does not describe a PCI function ({error})", context.Address, (int)error);
        }

        MsixGeometry? msix = FindMsix(context, device, regions);
        IsolationAssessment isolation = Judge(context, attachment);
        return new FunctionShape
        {
            Name = context.Address.ToString(),
            Address = context.Address,
            Regions = [.. regions.Select((region, index) => region.ToShape(
                msix is { Table: { } table } && msix.TableBar == index ? table : null, (ulong)Environment.SystemPageSize, options.ReadsEmptyCapabilitiesAsMappable))],
            Interrupts = [.. Enum.GetValues<InterruptKind>().Select(device.GetInterrupt)],
            Dma = attachment.Limits,
            Isolation = isolation.Verdict,
            IsolationAdvice = isolation.Advice,
            TableRule = options.TableRule,
            CanReset = (info.flags & VfioDeviceInfo.VFIO_DEVICE_FLAGS_RESET) != 0,
            Events = options.EventLoop ?? EventLoop.Shared,
        };
    }

    // Which BAR holds the table must be known before what the kernel says of its page can be understood.
    private static MsixGeometry? FindMsix(OpenContext context, DeviceFile device, ImmutableArray<RegionDescription> regions)
    {
        RegionDescription region = regions[RegionIndex.Configuration];
        byte[] image = new byte[Math.Min(region.Length, ConfigurationSpace.MaxLength)];
        Errno error = device.Read(region, 0, image);
        if (error != Errno.None)
        {
            throw new PciException(Operation, $"{context.Address}: its configuration space cannot be read ({error}): it may be asleep or gone", context.Address, (int)error);
        }

        var configuration = new ConfigurationSpace(image);
        BarSet bars = BarSet.Of([.. BarSet.FromHeader(configuration).Select(bar => bar with { Length = bar.IsImplemented ? regions[bar.Index].Length : 0 })]);
        return configuration.Capabilities.Msix is { } capability
            ? MsixGeometry.Create(capability, bars, configuration.VendorId, configuration.DeviceId) : null;
    }

    // The kernel has just attached the group. That is evidence where it asked and could have said no.
    private static IsolationAssessment Judge(OpenContext context, Attachment attachment)
    {
        bool? isOverridden = attachment.Judge switch
        {
            "iommufd" => context.Host.Vfio.IommufdAllowsUnsafe,
            not null => context.Host.Vfio.Type1AllowsUnsafe,
            _ => null,
        };
        return isOverridden == false ? MsiIsolationAudit.Assess(context.Host, context.Address, attached: true) : context.Audit.Isolation;
    }
}
