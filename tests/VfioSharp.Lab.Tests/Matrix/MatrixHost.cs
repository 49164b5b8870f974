using VfioSharp.Lab.Tests.Machines;

namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>A kind of host in the matrix, and what is known of it.</summary>
/// <param name="Name">How reports name it.</param>
/// <param name="Iommu">What it has.</param>
/// <param name="CommandLine">What its kernel is told.</param>
/// <param name="Isolates">Whether it isolates.</param>
/// <param name="KernelAccepts">Whether its kernel lets functions be opened.</param>
/// <param name="HasFlag">Whether its kernel takes itself to isolate.</param>
internal sealed record MatrixHost(string Name, Iommu Iommu, string CommandLine, bool Isolates, bool KernelAccepts, bool HasFlag)
{
    private const string Override = "vfio_iommu_type1.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=1";

    // Linux 6.1 acknowledges an AMD-Vi event together with those of a log that QEMU does not model, whose bits then stay set: after the first fault the first
    // processor is busy with them for ever, and another one must turn the machine off.
    private const string OffByOther = "reboot=smp1";

    public static IReadOnlyList<MatrixHost> All { get; } =
    [
        new("Intel, remapping on", Iommu.IntelRemapping, "", true, true, true),
        new("Intel, remapping off", Iommu.IntelNoRemapping, "", false, false, false),
        new("Intel, remapping off, override", Iommu.IntelNoRemapping, Override, false, true, false),
        new("Intel, nosid", Iommu.IntelRemapping, "intremap=nosid", false, true, true),
        new("AMD, remapping on", Iommu.AmdRemapping, OffByOther, true, true, true),
        new("SMMUv3, ITS", Iommu.SmmuIts, "", true, true, true),
        new("SMMUv3, GICv2m", Iommu.SmmuGicv2m, "", false, false, false),
        new("SMMUv3, GICv2m, override", Iommu.SmmuGicv2m, Override, false, true, false),
    ];

    /// <summary>The verdict by its name.</summary>
    public string Verdict => Isolates ? "Isolated" : "NotIsolated";

    public static MatrixHost Of(string name) => All.Single(host => host.Name == name);
}
