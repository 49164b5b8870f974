using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>A kernel in the matrix: how it gives functions away, the hosts it runs on, and the functions these have. One machine a host serves all tests.</summary>
internal sealed record MatrixKernel(string Name, GuestArchitecture Architecture, string[] Backends, string[] Hosts, string[] Devices)
{
    private const int Rounds = 1000;

    // The device under test numbers its interrupts and registers by itself; each has a place of its own, hence a group of its own.
    private static readonly Dictionary<string, string> Options = new()
    {
        ["nvme"] = "nvme,addr=3",
        ["igb"] = "igb,addr=4",
        ["edu"] = "edu,addr=5,dma_mask=0xffffffffffffffff",
        ["xhci"] = "qemu-xhci,addr=6",
        ["virtio"] = "virtio-rng-pci,addr=7,disable-legacy=on",
    };

    private static readonly string[] AllDevices = ["nvme", "igb", "xhci", "edu", "virtio"];
    private static readonly string[] IntelHosts = ["Intel, remapping on", "Intel, remapping off", "Intel, remapping off, override", "Intel, nosid"];

    public static MatrixKernel Debian61 { get; } = new("6.1", GuestArchitecture.X64, ["Group"], [.. IntelHosts, "AMD, remapping on"], AllDevices);

    public static MatrixKernel Debian7 { get; } = new("7", GuestArchitecture.X64, ["Group"], IntelHosts, AllDevices);

    public static MatrixKernel Small612 { get; } =
        new("6.12", GuestArchitecture.X64, ["Group", "IommuFd"], [.. IntelHosts, "AMD, remapping on"], AllDevices);

    public static MatrixKernel Debian7OnArm64 { get; } =
        new("7", GuestArchitecture.Arm64, ["Group"], ["SMMUv3, ITS", "SMMUv3, GICv2m", "SMMUv3, GICv2m, override"], ["nvme", "igb"]);

    /// <summary>The same with pages of 16 KiB: a disk's registers and doorbells lie on its table's page.</summary>
    public static MatrixKernel Debian7With16KiBPages { get; } =
        new("7-16k", GuestArchitecture.Arm64, ["Group"], ["SMMUv3, ITS", "SMMUv3, GICv2m, override"], ["nvme", "igb"]);

    /// <summary>The kernel of that name, one of this type's.</summary>
    public static MatrixKernel Of(string name) => name switch
    {
        nameof(Debian61) => Debian61,
        nameof(Debian7) => Debian7,
        nameof(Small612) => Small612,
        nameof(Debian7OnArm64) => Debian7OnArm64,
        nameof(Debian7With16KiBPages) => Debian7With16KiBPages,
        _ => throw new ArgumentException($"no such kernel in the matrix: {name}", nameof(name)),
    };

    public async Task<GuestRun> RunAsync(MatrixHost host)
    {
        var machine = new Machine
        {
            Architecture = Architecture,
            Kernel = Name,
            Iommu = host.Iommu,
            CommandLine = host.CommandLine,
            Devices = [.. Devices.Select(device => Options[device])],
            // The one that arm machines have by default cannot do pages of 16 KiB.
            Options = Architecture == GuestArchitecture.Arm64 ? ["-cpu", "cortex-a76"] : [],
            TimeLimit = Fuzz.IsLong ? TimeSpan.FromMinutes(20) : TimeSpan.FromMinutes(5),
        };
        return await Lab.RunAsync(machine, "matrix", [$"{Fuzz.Iterations(Rounds)}", .. Backends]);
    }
}
