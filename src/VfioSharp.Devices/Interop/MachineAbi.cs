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

    public required int O_DIRECT { get; init; }

    public required int O_DIRECTORY { get; init; }

    public required int O_NOFOLLOW { get; init; }

    public required int SYS_getdents64 { get; init; }

    public required int SYS_openat2 { get; init; }

    /// <summary>The direction of an ioctl without an argument (asm/ioctl.h).</summary>
    public required int _IOC_NONE { get; init; }

    /// <summary>Where the direction stands in the number of an ioctl.</summary>
    public required int _IOC_DIRSHIFT { get; init; }

    public required int MAP_NORESERVE { get; init; }

    public required int SO_PEERCRED { get; init; }

    public required int SO_RCVTIMEO { get; init; }

    public required int SO_SNDTIMEO { get; init; }

    /// <summary>The size of <c>struct epoll_event</c>, which only x86-64 packs, for the sake of its 32-bit programs.</summary>
    public required int EpollEventSize { get; init; }

    /// <summary>Where <c>data</c> stands in <c>struct epoll_event</c>.</summary>
    public required int EpollEventData { get; init; }

    /// <summary>
    /// The number of an ioctl that C declares with <c>_IO</c>, from its type (bits 15:8) and number (bits 7:0). VFIO and iommufd have no
    /// other kind, arguments or not.
    /// </summary>
    public uint IO(uint command) => ((uint)_IOC_NONE << _IOC_DIRSHIFT) | command;

    /// <summary>The numbers of one architecture, all of them 64-bit.</summary>
    /// <exception cref="PlatformNotSupportedException">The architecture is none that the project knows.</exception>
    public static MachineAbi For(Architecture architecture) => architecture switch
    {
        // arm64 and POWER swapped flags for those of their 32-bit forebears (asm/fcntl.h); the rest have asm-generic's.
        Architecture.X64 => Make(direct: 0x4000, directory: 0x10000, noFollow: 0x20000, getdents64: 217, packsEvents: true),
        Architecture.Arm64 => Make(direct: 0x10000, directory: 0x4000, noFollow: 0x8000, getdents64: 61),
        Architecture.Ppc64le => Make(direct: 0x20000, directory: 0x4000, noFollow: 0x8000, getdents64: 202, isPower: true),
        Architecture.S390x => Make(direct: 0x4000, directory: 0x10000, noFollow: 0x20000, getdents64: 220),
        Architecture.RiscV64 => Make(direct: 0x4000, directory: 0x10000, noFollow: 0x20000, getdents64: 61),
        _ => throw new PlatformNotSupportedException($"The Linux ABI of {architecture} is not known to VfioSharp."),
    };

    // System calls numbered 424 and up have one number everywhere. POWER has ioctl numbers, socket options and some flags of mmap of its own.
    private static MachineAbi Make(int direct, int directory, int noFollow, int getdents64, bool packsEvents = false, bool isPower = false) => new()
    {
        O_DIRECT = direct,
        O_DIRECTORY = directory,
        O_NOFOLLOW = noFollow,
        SYS_getdents64 = getdents64,
        SYS_openat2 = 437,
        _IOC_NONE = isPower ? 1 : 0,
        _IOC_DIRSHIFT = isPower ? 29 : 30,
        MAP_NORESERVE = isPower ? 0x40 : 0x4000,
        SO_PEERCRED = isPower ? 21 : 17,
        SO_RCVTIMEO = isPower ? 18 : 20,
        SO_SNDTIMEO = isPower ? 19 : 21,
        EpollEventSize = packsEvents ? 12 : 16,
        EpollEventData = packsEvents ? 4 : 8,
    };
}
