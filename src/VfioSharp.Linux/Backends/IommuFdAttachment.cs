using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.IommuFd;
using VfioSharp.Devices.Interop.Vfio;

namespace VfioSharp.Linux.Backends;

/// <summary>
/// A group held by the files of its functions, all of them bound to one iommufd and attached to one address space of it: the kernel gives a group to one
/// iommufd only, and one set of page tables to the functions of a group.
/// </summary>
internal sealed class IommuFdAttachment : Attachment
{
    /// <summary>The file of iommufd.</summary>
    public const string IommuNode = "/dev/iommu";

    private readonly FileDescriptor iommu;
    private readonly uint addressSpace;
    private IoasDomain? domain;

    private IommuFdAttachment(FileDescriptor iommu, uint addressSpace) => (this.iommu, this.addressSpace) = (iommu, addressSpace);

    /// <inheritdoc/>
    public override VfioBackend Backend => VfioBackend.IommuFd;

    /// <inheritdoc/>
    public override DmaDomain Domain => domain ?? throw new InvalidOperationException("no function has been opened");

    /// <inheritdoc/>
    public override string? Judge => "iommufd";

    /// <inheritdoc/>
    public override FileDescriptor? Proof => null;

    /// <summary>Makes an address space; the group is taken with its first function.</summary>
    /// <exception cref="PciException">The kernel refuses.</exception>
    public static IommuFdAttachment Take(OpenContext context, int group)
    {
        var fault = new OpenFault(context);
        FileDescriptor iommu = FileDescriptor.Open(IommuNode, OpenFlags.O_RDWR, out Errno error) ?? throw fault.OfContainer(IommuNode, "iommufd", error);
        var argument = new IommuIoasAlloc { size = NativeSize.Of<IommuIoasAlloc>() };
        error = iommu.Ioctl(IommuFdIoctl.IOMMU_IOAS_ALLOC, ref argument);
        if (error == Errno.None)
        {
            return new IommuFdAttachment(iommu, argument.out_ioas_id) { Group = group };
        }

        iommu.Dispose();
        throw fault.Of("iommufd gives no address space", error);
    }

    /// <inheritdoc/>
    public override DeviceFile OpenDevice(OpenContext context)
    {
        var fault = new OpenFault(context);
        string node = context.DeviceNode ?? throw fault.OfNode("/dev/vfio/devices", Errno.ENOENT);
        FileDescriptor file = FileDescriptor.Open(node, OpenFlags.O_RDWR, out Errno error) ?? throw fault.OfNode(node, error);
        var device = new DeviceFile(file);
        try
        {
            Bind(file, fault);
            Attach(file, fault);
            if (context.Options.VfToken is { } token && context.Audit.Evidence.PhysicalFunction is null)
            {
                error = device.SetVfToken(token);
                if (error != Errno.None)
                {
                    throw fault.Of("the kernel takes no VfioOptions.VfToken for it", error);
                }
            }

            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => iommu.Dispose();

    private void Bind(FileDescriptor file, OpenFault fault)
    {
        var argument = new VfioDeviceBindIommuFd { argsz = NativeSize.Of<VfioDeviceBindIommuFd>(), iommufd = iommu.Number };
        Errno error = file.Ioctl(VfioIoctl.VFIO_DEVICE_BIND_IOMMUFD, ref argument);
        if (error != Errno.None)
        {
            throw fault.OfBinding(error);
        }
    }

    private void Attach(FileDescriptor file, OpenFault fault)
    {
        var argument = new VfioDeviceAttachIommuFdPt { argsz = NativeSize.Of<VfioDeviceAttachIommuFdPt>(), pt_id = addressSpace };
        Errno error = file.Ioctl(VfioIoctl.VFIO_DEVICE_ATTACH_IOMMUFD_PT, ref argument);
        if (error != Errno.None)
        {
            throw fault.Of("the function cannot be attached to an address space", error);
        }

        domain = IoasDomain.Of(iommu, addressSpace, out error) ?? throw fault.Of("the addresses that the function may use cannot be read", error);
    }
}
