namespace VfioSharp.Cli.Tests.Hosting;

/// <summary>Every platform of <c>vfio host</c> with every switch that it has, and what comes of them.</summary>
internal static class HostSwitches
{
    /// <summary>
    /// The options; the audit's exit status; whether an interrupt of another group's can be raised. They differ where the audit judges functions without
    /// a group (Power's root ports), and where no kernel is known that does it (interrupt files of a group's own).
    /// </summary>
    public static TheoryData<string, int, bool> All { get; } = new()
    {
        { "--bridge vtd", 0, false },
        { "--bridge VTD --processors 1", 0, false },
        { "--bridge vtd --advertised-only", 1, true },
        { "--bridge vtd --nosid", 1, true },
        { "--bridge vtd --compatibility-format", 1, true },
        { "--bridge vtd --nosid --allow-unsafe-interrupts", 1, true },
        { "--bridge vtd --dialect silent", 0, false },
        { "--bridge vtd --dialect sparse", 0, false },
        { "--bridge vtd --dialect patchSeries", 0, false },
        { "--bridge vtd --dialect msixMappable", 0, false },
        { "--bridge amdvi", 0, false },
        { "--bridge amdvi --advertised-only", 1, true },
        { "--bridge ioda", 1, false },
        { "--bridge ioda2", 1, false },
        { "--bridge its", 0, false },
        { "--bridge its --no-iommu", 1, true },
        { "--bridge v2m", 1, true },
        { "--bridge v2m --no-iommu", 1, true },
        { "--bridge s390", 0, false },
        { "--bridge imsic", 1, true },
        { "--bridge imsic --interrupt-files own", 2, false },
        { "--bridge imsic --interrupt-files mrif", 2, false },
        { "--bridge none", 1, true },
    };

    /// <summary>The command line of <c>vfio host</c> with these options.</summary>
    public static CliRun Run(string options, params string[] more) => CliRun.Of(["host", .. options.Split(' '), .. more]);
}
