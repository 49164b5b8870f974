using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary>The numbers that differ from one architecture to another, under their kernel names.</summary>
internal sealed class MachineAbi
{
    private MachineAbi()
    {
    }

    /// <summary>This process's architecture.</summary>
    public static MachineAbi Current { get; } = For(RuntimeInformation.ProcessArchitecture);

    public required int O_DIRECTORY { get; init; }

    public required int O_NOFOLLOW { get; init; }

    public required int SYS_getdents64 { get; init; }

    public required int SYS_openat2 { get; init; }

    /// <summary>The numbers of one architecture, all of them 64-bit.</summary>
    /// <exception cref="PlatformNotSupportedException">The architecture is none that the project knows.</exception>
    public static MachineAbi For(Architecture architecture) => architecture switch
    {
        // arm64 and POWER swapped the two flags for those of their 32-bit forebears (asm/fcntl.h); the rest have asm-generic's.
        Architecture.X64 => Make(directory: 0x10000, noFollow: 0x20000, getdents64: 217),
        Architecture.Arm64 => Make(directory: 0x4000, noFollow: 0x8000, getdents64: 61),
        Architecture.Ppc64le => Make(directory: 0x4000, noFollow: 0x8000, getdents64: 202),
        Architecture.S390x => Make(directory: 0x10000, noFollow: 0x20000, getdents64: 220),
        Architecture.RiscV64 => Make(directory: 0x10000, noFollow: 0x20000, getdents64: 61),
        _ => throw new PlatformNotSupportedException($"The Linux ABI of {architecture} is not known to VfioSharp."),
    };

    // System calls numbered 424 and up have one number everywhere.
    private static MachineAbi Make(int directory, int noFollow, int getdents64) => new()
    {
        O_DIRECTORY = directory,
        O_NOFOLLOW = noFollow,
        SYS_getdents64 = getdents64,
        SYS_openat2 = 437,
    };
}
