using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Tests.Interop;

/// <summary>Calls that only tests make: kinds of descriptors that the project has no use for, and a counter brought where no write brings it.</summary>
internal static class Natives
{
    private const string Library = "libc";
    private const int ClockMonotonic = 1;
    private const int SignalOnCompletion = 1; // IOCB_FLAG_RESFD

    // io_setup, io_destroy, io_submit
    private static readonly (nint Setup, nint Destroy, nint Submit)? Aio = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => (206, 207, 209),
        Architecture.Arm64 or Architecture.RiscV64 => (0, 1, 2),
        _ => null,
    };

    public static (FileDescriptor Reader, FileDescriptor Writer) Pipe()
    {
        int[] ends = GC.AllocateArray<int>(2, pinned: true);
        pipe2(Marshal.UnsafeAddrOfPinnedArrayElement(ends, 0), OpenFlags.O_CLOEXEC).ShouldBe(0);
        return (FileDescriptor.Adopt(ends[0]), FileDescriptor.Adopt(ends[1]));
    }

    public static FileDescriptor Timer() => FileDescriptor.Adopt(timerfd_create(ClockMonotonic, OpenFlags.O_CLOEXEC));

    public static FileDescriptor Watch() => FileDescriptor.Adopt(inotify_init1(OpenFlags.O_CLOEXEC));

    public static FileDescriptor Epoll() => FileDescriptor.Adopt(Libc.epoll_create1(EpollFlags.EPOLL_CLOEXEC));

    /// <summary>
    /// Lets the kernel itself signal an eventfd, which it does to a full one too: the completion of a read tells (io_submit(2)). False where this machine
    /// has no such reads.
    /// </summary>
    public static bool SignalByKernel(EventFd target)
    {
        ulong[] context = GC.AllocateArray<ulong>(1, pinned: true);
        if (Aio is not { } aio || syscall(aio.Setup, 1, AddressOf(context)) != 0)
        {
            return false;
        }

        using MemoryFile file = MemoryFile.Create("test", 8, 0, out _).ShouldNotBeNull();
        ulong[] data = GC.AllocateArray<ulong>(1, pinned: true);
        ulong[] request = GC.AllocateArray<ulong>(8, pinned: true); // struct iocb
        request[2] = (ulong)file.File.Number << 32; // aio_fildes beside IOCB_CMD_PREAD
        request[3] = (ulong)AddressOf(data);
        request[4] = sizeof(ulong);
        request[7] = SignalOnCompletion | ((ulong)target.File.Number << 32);
        ulong[] requests = GC.AllocateArray<ulong>(1, pinned: true);
        requests[0] = (ulong)AddressOf(request);
        nint submitted = syscall(aio.Submit, (nint)context[0], 1, AddressOf(requests));
        syscall(aio.Destroy, (nint)context[0], 0);
        return submitted == 1;
    }

    private static nint AddressOf(ulong[] pinned) => Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int pipe2(nint ends, int flags);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int timerfd_create(int clock, int flags);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int inotify_init1(int flags);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint syscall(nint number, nint first, nint second);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint syscall(nint number, nint first, nint second, nint third);
}
