namespace VfioSharp.VirtualHost.Vfio;

/// <summary>How vfio-pci tells user space what it may map of the BAR that holds the MSI-X table: four ways in the kernel's history (docs/history.md).</summary>
public enum VfioDialect
{
    /// <summary>Linux before 4.6: it does not tell. Mapping the table's pages fails.</summary>
    Silent = 0,

    /// <summary>Linux 4.6 to 4.15: areas around the table's pages (<c>SPARSE_MMAP</c>).</summary>
    Sparse,

    /// <summary>
    /// The patch series of 2017: on an isolated bus everything can be mapped, said by capabilities being there with none in the list, and the table can be
    /// read and written through its region; else as <see cref="Sparse"/>.
    /// </summary>
    PatchSeries,

    /// <summary>Linux 4.16 and later: everything can be mapped, isolated or not, said by <c>MSIX_MAPPABLE</c>.</summary>
    MsixMappable,
}
