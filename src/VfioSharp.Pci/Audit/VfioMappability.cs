using System.Collections.Immutable;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Pci.Audit;

/// <summary>Foretells what the host's vfio-pci would let user space map of a BAR (<c>vfio_pci_probe_mmaps()</c>, drivers/vfio/pci/vfio_pci_core.c).</summary>
internal sealed class VfioMappability(HostEvidence host, uint pageSize)
{
    private const ushort IbmVendor = 0x1014;
    private const ushort IsmDevice = 0x04ed;

    private readonly Lazy<Dictionary<ulong, int>> smallBars = new(() => CountSmallBars(host, pageSize));

    /// <summary>What may be mapped of a BAR; the table is empty where the BAR holds none.</summary>
    public ImmutableArray<ByteRange> Offer(FunctionEvidence function, BarResource bar, ByteRange table)
    {
        if (!CanMap(function, bar))
        {
            return BackendRanges.None;
        }

        var range = new ByteRange(0, bar.Length);
        return host.Kernel is { } kernel ? BackendRanges.OfKernel(kernel.Major, kernel.Minor, range, table, pageSize) : BackendRanges.Whole(range);
    }

    private bool CanMap(FunctionEvidence function, BarResource bar)
    {
        if (!bar.IsMemory || !bar.IsAssigned)
        {
            return false;
        }

        // vfio-pci was built without mmap on s390x until 6.15 (VFIO_PCI_MMAP, drivers/vfio/pci/Kconfig), where non_mappable_bars of the ISM
        // function alone took its place (arch/s390/pci/pci_fixup.c).
        if (host.Family == ArchitectureFamily.S390
            && (!host.KernelIsAtLeast(6, 15) || function is { VendorId: IbmVendor, DeviceId: IsmDevice }))
        {
            return false;
        }

        // Without the memory-I/O instructions an mmap succeeds and each load raises SIGILL (arch/s390/pci/pci_mmio.c).
        if (function.MemoryIoEnabled == false)
        {
            return false;
        }

        // A BAR smaller than a page takes the whole page, which must be its own: aligned, and no other BAR in it. Addresses of 0 are those
        // that a container hides; nothing can be said of them.
        return bar.Length >= pageSize || bar.Address == 0
            || (bar.Address % pageSize == 0 && smallBars.Value.GetValueOrDefault(bar.Address / pageSize) <= 1);
    }

    private static Dictionary<ulong, int> CountSmallBars(HostEvidence host, uint pageSize)
    {
        var counts = new Dictionary<ulong, int>();
        foreach (FunctionEvidence function in host.Functions)
        {
            foreach (BarResource bar in function.Resource is { } resource ? BarSet.FromResource(resource) : BarSet.Empty)
            {
                if (bar.IsMemory && bar.IsAssigned && bar.Length < pageSize)
                {
                    ulong page = bar.Address / pageSize;
                    counts[page] = counts.GetValueOrDefault(page) + 1;
                }
            }
        }

        return counts;
    }
}
