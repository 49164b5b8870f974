using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Pci.Evidence;

/// <summary>Which machine a host is: from its manifest or the kernel, else from the marks that <c>/proc/cpuinfo</c> carries.</summary>
internal static class HostArchitecture
{
    public static string? Read(EvidenceSource source, SnapshotManifest manifest, string? kernelRelease)
    {
        if (manifest.Architecture is { Length: > 0 } recorded)
        {
            return recorded;
        }

        if (source.ReadText("proc/sys/kernel/arch") is { Length: > 0 } told)
        {
            return told;
        }

        string processors = source.ReadText("proc/cpuinfo") ?? "";
        if (Has(processors, "CPU implementer"))
        {
            return Has(processors, "CPU architecture: 8") || Has(kernelRelease, "arm64") ? "aarch64" : "arm";
        }

        if (Has(processors, "IBM/S390"))
        {
            return "s390x";
        }

        if (Has(processors, "PowerNV") || Has(processors, "pSeries") || Has(processors, "timebase"))
        {
            return Has(kernelRelease, "powerpc64le") || Has(kernelRelease, "ppc64le") ? "ppc64le" : "ppc64";
        }

        if (Has(processors, "rv64"))
        {
            return "riscv64";
        }

        return Has(processors, "GenuineIntel") || Has(processors, "AuthenticAMD") || Has(processors, "cpuid level") ? "x86_64" : null;
    }

    public static ArchitectureFamily FamilyOf(string? architecture) => architecture switch
    {
        "x86_64" or "x86" or "i386" or "i486" or "i586" or "i686" or "amd64" => ArchitectureFamily.X86,
        "aarch64" or "arm64" or "aarch64_be" => ArchitectureFamily.Arm64,
        "ppc64" or "ppc64le" or "powerpc64" or "powerpc64le" => ArchitectureFamily.Power,
        "s390x" or "s390" => ArchitectureFamily.S390,
        "riscv64" or "riscv32" => ArchitectureFamily.RiscV,
        _ => ArchitectureFamily.Unknown,
    };

    private static bool Has(string? text, string mark) => text is not null && text.Contains(mark, StringComparison.Ordinal);
}
