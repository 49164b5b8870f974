using System.Globalization;
using System.Text;
using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Backends;

/// <summary>A group held by its file, in a container of its own (<c>Documentation/driver-api/vfio.rst</c>).</summary>
internal sealed class GroupAttachment : Attachment
{
    private const string ContainerNode = "/dev/vfio/vfio";

    private readonly FileDescriptor group;
    private readonly FileDescriptor container;

    private GroupAttachment(FileDescriptor group, FileDescriptor container, DmaDomain domain, string? judge, VfioBackend backend)
    {
        (this.group, this.container) = (group, container);
        (Domain, Judge, Backend) = (domain, judge, backend);
    }

    /// <inheritdoc/>
    public override VfioBackend Backend { get; }

    /// <inheritdoc/>
    public override DmaDomain Domain { get; }

    /// <inheritdoc/>
    public override string? Judge { get; }

    /// <inheritdoc/>
    public override FileDescriptor? Proof => group;

    /// <summary>The group's file.</summary>
    public static string NodeOf(IommuGroupEvidence group) =>
        string.Create(CultureInfo.InvariantCulture, $"/dev/vfio/{(group.IsNoIommu ? "noiommu-" : "")}{group.Number}");

    /// <summary>Takes a group.</summary>
    /// <exception cref="PciException">The kernel refuses.</exception>
    public static GroupAttachment Take(OpenContext context, IommuGroupEvidence evidence)
    {
        var fault = new OpenFault(context);
        string node = NodeOf(evidence);
        FileDescriptor group = FileDescriptor.Open(node, OpenFlags.O_RDWR, out Errno error) ?? throw fault.OfNode(node, error);
        FileDescriptor? container = null;
        try
        {
            var status = new VfioGroupStatus { argsz = NativeSize.Of<VfioGroupStatus>() };
            error = group.Ioctl(VfioIoctl.VFIO_GROUP_GET_STATUS, ref status);
            if (error != Errno.None)
            {
                throw fault.Of($"the state of group {evidence.Number} cannot be read", error);
            }

            if ((status.flags & VfioGroupStatus.VFIO_GROUP_FLAGS_VIABLE) == 0)
            {
                throw fault.OfGroupInUse(Errno.None);
            }

            container = FileDescriptor.Open(ContainerNode, OpenFlags.O_RDWR, out error) ?? throw fault.OfContainer(ContainerNode, "vfio", error);
            error = container.Ioctl(VfioIoctl.VFIO_GET_API_VERSION, 0, out int version);
            if (error != Errno.None || version != VfioIoctl.VFIO_API_VERSION)
            {
                throw fault.Of($"this kernel speaks version {version} of VFIO, not {VfioIoctl.VFIO_API_VERSION}", error);
            }

            (int type, string? judge) = ChooseIommu(context, evidence, container);
            int number = container.Number;
            error = group.Ioctl(VfioIoctl.VFIO_GROUP_SET_CONTAINER, ref number);
            if (error != Errno.None)
            {
                throw error == Errno.EPERM ? fault.OfGroupInUse(error) : fault.Of($"group {evidence.Number} cannot be put into a container", error);
            }

            error = container.Ioctl(VfioIoctl.VFIO_SET_IOMMU, type, out _);
            if (error != Errno.None)
            {
                throw error == Errno.EPERM && judge is not null ? fault.OfIsolation(judge, error) : fault.Of("VFIO_SET_IOMMU failed; the kernel's log may say why", error);
            }

            DmaDomain domain = type switch
            {
                VfioExtensions.VFIO_NOIOMMU_IOMMU => UntranslatedDomain.Instance,
                VfioExtensions.VFIO_SPAPR_TCE_v2_IOMMU => SpaprDomain.Of(container, out error) ?? throw fault.Of("the DMA window cannot be read", error),
                _ => Type1Domain.Of(container, evidence.ReservedRegions),
            };
            return new GroupAttachment(group, container, domain, judge, evidence.IsNoIommu ? VfioBackend.NoIommu : VfioBackend.Group) { Group = evidence.Number };
        }
        catch
        {
            group.Dispose();
            container?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override DeviceFile OpenDevice(OpenContext context)
    {
        Errno error = group.Ioctl(VfioIoctl.VFIO_GROUP_GET_DEVICE_FD, NameOf(context), out int descriptor);
        return error == Errno.None ? new DeviceFile(FileDescriptor.Adopt(descriptor)) : throw new OpenFault(context).OfDevice(error, Judge);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        // The last function has been closed; the group's file ends its place in the container, whose end unmaps what is still mapped.
        group.Dispose();
        container.Dispose();
    }

    /// <summary>The function as the kernel wants it named: its address, and the secret where there is one, with a NUL.</summary>
    internal static byte[] NameOf(OpenContext context) =>
        Encoding.ASCII.GetBytes(context.Options.VfToken is { } token ? $"{context.Address} vf_token={token:D}\0" : $"{context.Address}\0");

    // Nobody asks about isolation on Power or without an IOMMU. Where VFIO's containers are iommufd's (CONFIG_IOMMUFD_VFIO_CONTAINER) iommufd asks.
    private static (int Type, string? Judge) ChooseIommu(OpenContext context, IommuGroupEvidence evidence, FileDescriptor container)
    {
        if (evidence.IsNoIommu)
        {
            return (VfioExtensions.VFIO_NOIOMMU_IOMMU, null);
        }

        if (Has(container, VfioExtensions.VFIO_TYPE1v2_IOMMU))
        {
            return (VfioExtensions.VFIO_TYPE1v2_IOMMU, context.Host.Vfio is { HasType1: false, HasIommufd: true } ? "iommufd" : "vfio_iommu_type1");
        }

        return Has(container, VfioExtensions.VFIO_SPAPR_TCE_v2_IOMMU) ? (VfioExtensions.VFIO_SPAPR_TCE_v2_IOMMU, null)
            : throw new OpenFault(context).Of("VFIO has no IOMMU driver loaded: modprobe vfio_iommu_type1", Errno.ENODEV);
    }

    private static bool Has(FileDescriptor container, int extension) =>
        container.Ioctl(VfioIoctl.VFIO_CHECK_EXTENSION, extension, out int answer) == Errno.None && answer > 0;
}
