namespace VfioSharp.VirtualHost.Units.RiscV;

/// <summary>
/// Which interrupt files a host lets functions write to. The IOMMU filters pages, of which each file has one, and not what is written there: a group's
/// interrupts are as safe as its file is its own.
/// </summary>
public enum ImsicFiles
{
    /// <summary>All groups write to the harts' supervisor-level files, which also take the host's own interrupts: not isolated.</summary>
    Shared,

    /// <summary>Each group has a guest interrupt file of its own, as long as there are any: isolated.</summary>
    Own,

    /// <summary>Each group has a memory-resident interrupt file (MRIF) of its own: isolated.</summary>
    Mrif,
}
