namespace VfioSharp.Lab.Tests.Machines;

/// <summary>The machines that tests name.</summary>
internal static class Catalogue
{
    /// <summary>The kernels for x86-64, by the names in the manifest.</summary>
    public static readonly string[] X64Kernels = ["6.1", "7", "6.12"];

    /// <summary>A q35 with a disk under its kernel's driver, a network function with software interrupts, and one without a driver.</summary>
    public static Machine X64(string kernel, Iommu iommu, params string[] devices) => new()
    {
        Architecture = GuestArchitecture.X64,
        Kernel = kernel,
        Iommu = iommu,
        Devices = devices.Length > 0 ? devices : ["nvme,addr=3", "igb,addr=4", "edu,addr=5"],
    };

    /// <summary>The same on arm's virtual platform, with kernel 7.</summary>
    public static Machine Arm64(Iommu iommu, params string[] devices) => new()
    {
        Architecture = GuestArchitecture.Arm64,
        Kernel = "7",
        Iommu = iommu,
        Devices = devices.Length > 0 ? devices : ["nvme,addr=3", "igb,addr=4"],
    };
}
