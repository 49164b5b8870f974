using VfioSharp.VirtualHost.Vfio;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>A kernel whose vfio-pci speaks a dialect, and how it shows things.</summary>
/// <param name="Release">Its release.</param>
/// <param name="NamesFunctions">
/// Whether functions have interrupt domains of their own, whose chips bear the function's address (Linux 6.2 on x86, later elsewhere); before, all functions
/// of a host share a chip's name.
/// </param>
internal sealed record KernelAge(string Release, bool NamesFunctions)
{
    private static readonly KernelAge Before46 = new("4.4.0", false);
    private static readonly KernelAge Before416 = new("4.9.0", false);
    private static readonly KernelAge Patched = new("4.13.0", false);
    private static readonly KernelAge Today = new("6.18.0", true);

    /// <summary>Whether <c>/sys/kernel/irq</c> is there: since 4.9.</summary>
    public bool ShowsInterruptsInSysfs => this != Before46;

    /// <summary>The kernel of a dialect. What the patch series changed shows nowhere but in what vfio-pci answers.</summary>
    public static KernelAge Of(VfioDialect dialect) => dialect switch
    {
        VfioDialect.Silent => Before46,
        VfioDialect.Sparse => Before416,
        VfioDialect.PatchSeries => Patched,
        _ => Today,
    };
}
