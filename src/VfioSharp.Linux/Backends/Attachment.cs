using VfioSharp.Devices.Interop;

namespace VfioSharp.Linux.Backends;

/// <summary>
/// An IOMMU group that this process holds, once for all of its functions that it opens: the kernel gives a group to one holder only, and all of a group's
/// functions see the same memory.
/// </summary>
internal abstract class Attachment : IDisposable
{
    /// <summary>The group's number.</summary>
    public required int Group { get; init; }

    /// <summary>Which way it is held.</summary>
    public abstract VfioBackend Backend { get; }

    /// <summary>The memory that the group's functions see.</summary>
    public abstract DmaDomain Domain { get; }

    /// <summary>The kernel module that decided about isolation (<c>vfio_iommu_type1</c>, <c>iommufd</c>); null where nobody asks.</summary>
    public abstract string? Judge { get; }

    /// <summary>What a hot reset takes as proof of ownership; null where holding the function is proof enough.</summary>
    public abstract FileDescriptor? Proof { get; }

    /// <summary>Opens a function of the group.</summary>
    /// <exception cref="Devices.PciException">The kernel refuses.</exception>
    public abstract DeviceFile OpenDevice(OpenContext context);

    /// <summary>Gives the group back; its functions have been closed.</summary>
    public abstract void Dispose();
}
