using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace VfioSharp.Lab.Tests.Machines;

/// <summary>A machine to boot. Made by <see cref="Catalogue"/>; changed by <c>with</c>.</summary>
internal sealed record Machine
{
    private static readonly string[] NoReboot = ["-no-reboot"];

    public required GuestArchitecture Architecture { get; init; }

    /// <summary>The name of its kernel in the manifest.</summary>
    public required string Kernel { get; init; }

    public required Iommu Iommu { get; init; }

    /// <summary>Its functions, each as QEMU's <c>-device</c> takes it; disks find or bring an empty medium of their own.</summary>
    public string[] Devices { get; init; } = [];

    /// <summary>What the kernel's command line says beyond what the IOMMU needs.</summary>
    public string CommandLine { get; init; } = "";

    public int Processors { get; init; } = 2;

    public int MemoryMiB { get; init; } = 768;

    /// <summary>Functions that other processes serve over vfio-user: the names of their sockets in <see cref="Folder"/>.</summary>
    public string[] Served { get; init; } = [];

    /// <summary>Where QEMU works; null where it does not matter.</summary>
    public string? Folder { get; init; }

    /// <summary>Whether it starts again when its guest asks for that, and does not end instead.</summary>
    public bool Reboots { get; init; }

    /// <summary>Whether its guest has lspci.</summary>
    public bool HasLspci { get; init; }

    /// <summary>More options for QEMU.</summary>
    public string[] Options { get; init; } = [];

    /// <summary>How long it may take from start to power off.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>The same with more words on the kernel's command line.</summary>
    public Machine With(string commandLine) => this with { CommandLine = $"{CommandLine} {commandLine}".Trim() };

    /// <summary>The same with VFIO's check of isolation overridden, for groups and for iommufd.</summary>
    public Machine WithOverride() => With("vfio_iommu_type1.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=1");

    /// <summary>The same with QEMU's <c>-device</c> added.</summary>
    public Machine WithDevices(params string[] devices) => this with { Devices = [.. Devices, .. devices] };

    /// <summary>The same with functions served at these sockets.</summary>
    public Machine WithServed(string folder, params string[] sockets) => this with { Folder = folder, Served = [.. Served, .. sockets] };

    /// <summary>The address of a function that is served, on the root bus.</summary>
    public string AddressOf(string socket) => string.Create(CultureInfo.InvariantCulture, $"0000:00:{ServedDevice(Array.IndexOf(Served, socket)):x2}.0");

    public override string ToString() =>
        string.Join(' ', new[] { $"{Architecture} {Kernel} {Iommu}", CommandLine }.Where(part => part.Length > 0));

    /// <summary>QEMU's options, but for the guest's program and the channels to it.</summary>
    public IReadOnlyList<string> Arguments()
    {
        string memory = MemoryMiB.ToString(CultureInfo.InvariantCulture);
        string processors = Processors.ToString(CultureInfo.InvariantCulture);
        List<string> arguments =
        [
            "-accel", "tcg", "-nodefaults", "-no-user-config", "-display", "none", .. Reboots ? [] : NoReboot, "-m", memory, "-smp", processors, .. Platform(),
        ];
        for (int i = 0; i < Devices.Length; i++)
            arguments.AddRange(Device(Devices[i], i));
        for (int i = 0; i < Served.Length; i++)
            arguments.AddRange(["-device", $$$"""{"driver":"vfio-user-pci","id":"{{{Served[i]}}}","addr":"{{{ServedDevice(i):x}}}","socket":{"type":"unix","path":"{{{Served[i]}}}"}}"""]);

        // A server is shown the machine's memory by its descriptor.
        if (Served.Length > 0)
            arguments.AddRange(["-object", $"memory-backend-memfd,id=memory,size={memory}M,share=on", "-machine", "memory-backend=memory"]);
        return [.. arguments, .. Options];
    }

    /// <summary>The kernel's command line for a scenario.</summary>
    public string KernelCommandLine(string scenario, IEnumerable<string> words)
    {
        string[] all = [scenario, .. words];
        if (all.Any(word => word.Length == 0 || word.Any(c => char.IsWhiteSpace(c) || c == '"')))
            throw new ArgumentException("the words of a scenario travel on the kernel's command line: none may be empty, hold a space or a quote", nameof(words));
        string console = Architecture == GuestArchitecture.Arm64 ? "ttyAMA0" : "ttyS0";
        string iommu = Iommu is Iommu.IntelRemapping or Iommu.IntelCachingMode or Iommu.IntelNoRemapping ? "intel_iommu=on" : "";

        // Whether the timer interrupts is tried by counting processor cycles, which an emulator on a busy host has too many of.
        string timer = Architecture == GuestArchitecture.X64 ? "no_timer_check" : "";
        string[] parts = [$"console={console} loglevel=5 panic=-1 rdinit=/init", timer, iommu, CommandLine, "--", .. all];
        return string.Join(' ', parts.Where(part => part.Length > 0));
    }

    /// <summary>A folder's name for what is kept of a run, unique for all that makes the run what it is.</summary>
    public string FolderName(string scenario, IReadOnlyList<string> words)
    {
        string everything = string.Join('\n', [.. Arguments(), KernelCommandLine(scenario, words), Kernel]);
        return $"{Architecture}-{Kernel}-{Iommu}-{scenario}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(everything)))[..8]}";
    }

    private static int ServedDevice(int index) => 0x10 + index;

    private string[] Platform() => Iommu switch
    {
        Iommu.None when Architecture == GuestArchitecture.Arm64 => ["-M", "virt,gic-version=3,its=on", "-cpu", "cortex-a72"],
        Iommu.None => ["-M", "q35"],
        Iommu.IntelRemapping => ["-M", "q35,kernel-irqchip=split", "-device", "intel-iommu,intremap=on"],
        Iommu.IntelCachingMode => ["-M", "q35,kernel-irqchip=split", "-device", "intel-iommu,intremap=on,caching-mode=on"],
        Iommu.IntelNoRemapping => ["-M", "q35,kernel-irqchip=split", "-device", "intel-iommu,intremap=off"],
        Iommu.AmdRemapping => ["-M", "q35,kernel-irqchip=split", "-device", "amd-iommu,intremap=on,dma-remap=on"],
        Iommu.AmdNoRemapping => ["-M", "q35,kernel-irqchip=split", "-device", "amd-iommu,intremap=off,dma-remap=on"],
        Iommu.SmmuIts => ["-M", "virt,iommu=smmuv3,gic-version=3,its=on", "-cpu", "cortex-a72"],
        Iommu.SmmuGicv2m => ["-M", "virt,iommu=smmuv3,gic-version=2", "-cpu", "cortex-a72"],
        _ => throw new InvalidOperationException($"no such machine: {Iommu}"),
    };

    private static IEnumerable<string> Device(string device, int index)
    {
        string model = device.Split(',')[0];
        if (model is "nvme" or "virtio-blk-pci" && !device.Contains("drive=", StringComparison.Ordinal))
        {
            string disk = $"disk{index}";
            yield return "-blockdev";
            yield return $"driver=null-co,node-name={disk},size={64 << 20},read-zeroes=on";
            device += $",drive={disk}" + (model == "nvme" && !device.Contains("serial=", StringComparison.Ordinal) ? ",serial=lab" : "");
        }

        // Boot code for the network serves nobody here, and costs time.
        if (model is "igb" or "e1000e" or "e1000" or "virtio-net-pci" or "vmxnet3" && !device.Contains("romfile=", StringComparison.Ordinal))
            device += ",romfile=";
        yield return "-device";
        yield return device;
    }
}
