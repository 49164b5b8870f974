using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Linux.Backends;

/// <summary>
/// An IOMMU group that this process holds, once for all of its functions that it opens: the kernel gives a group to one holder only, and all of a group's
/// functions see the same memory.
/// </summary>
internal abstract class Attachment : IDisposable
{
    private readonly Lock gate = new();
    private IovaAllocator? addresses;

    /// <summary>The group's number.</summary>
    public required int Group { get; init; }

    /// <summary>Which way it is held.</summary>
    public abstract VfioBackend Backend { get; }

    /// <summary>The memory that the group's functions see.</summary>
    public abstract DmaDomain Domain { get; }

    /// <summary>What a function of the group can address, in common with the others.</summary>
    public DmaLimits Limits
    {
        get
        {
            DmaLimits limits = Domain.Limits;
            ulong page = limits.PageSizes & (~limits.PageSizes + 1);
            lock (gate)
            {
                addresses ??= new IovaAllocator(limits.Ranges, Math.Max(page, (ulong)Environment.SystemPageSize));
            }

            return limits with { Addresses = addresses };
        }
    }

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
