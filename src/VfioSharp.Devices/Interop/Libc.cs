using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary>
/// The C library's functions, as they are. Use them through <see cref="FileDescriptor"/> and its neighbours, which check and retry.
/// </summary>
/// <remarks>
/// open, openat, fcntl, ioctl and syscall are variadic in C. The calling conventions of Linux on x86-64, arm64 and RISC-V pass integers and
/// pointers to a variadic function as to any other, which is what makes these declarations right. Sizes and offsets are 64 bits wide.
/// </remarks>
internal static partial class Libc
{
    private const string Library = "libc";

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int openat(FileDescriptor folder, string path, int flags);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint openat2(nint number, FileDescriptor folder, string path, in OpenHow how, nint size);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint getdents64(nint number, FileDescriptor folder, Span<byte> buffer, nint size);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint read(FileDescriptor file, Span<byte> buffer, nint size);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint write(FileDescriptor file, ReadOnlySpan<byte> buffer, nint size);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint pread(FileDescriptor file, Span<byte> buffer, nint size, long offset);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint pwrite(FileDescriptor file, ReadOnlySpan<byte> buffer, nint size, long offset);

    /// <summary>An offset of -1 stands for the file's position.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint preadv2(FileDescriptor file, ReadOnlySpan<IoVector> vectors, int count, long offset, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint pwritev2(FileDescriptor file, ReadOnlySpan<IoVector> vectors, int count, long offset, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int fdatasync(FileDescriptor file);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int fallocate(FileDescriptor file, int mode, long offset, long length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial long lseek(FileDescriptor file, long offset, int whence);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint readlinkat(FileDescriptor folder, string path, Span<byte> buffer, nint size);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int statx(FileDescriptor folder, string path, int flags, uint mask, out Statx status);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int close(int file);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int ftruncate(FileDescriptor file, long length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int fcntl(FileDescriptor file, int command, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int ioctl(FileDescriptor file, nuint request, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int ioctl(FileDescriptor file, nuint request, Span<byte> argument);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int poll(Span<PollDescriptor> descriptors, nuint count, int timeout);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int eventfd(uint initial, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_create1(int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_ctl(FileDescriptor epoll, int operation, FileDescriptor file, Span<byte> watched);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_wait(FileDescriptor epoll, Span<byte> events, int count, int timeout);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int memfd_create(string name, uint flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint mmap(nint address, nuint length, int protection, int flags, FileDescriptor file, long offset);

    /// <summary>For memory without a file: the descriptor is -1.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint mmap(nint address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int munmap(nint address, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int madvise(nint address, nuint length, int advice);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int mlock(nint address, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int munlock(nint address, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint process_vm_readv(
        int process, ReadOnlySpan<IoVector> local, nuint localCount, ReadOnlySpan<IoVector> remote, nuint remoteCount, nuint flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint process_vm_writev(
        int process, ReadOnlySpan<IoVector> local, nuint localCount, ReadOnlySpan<IoVector> remote, nuint remoteCount, nuint flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int socketpair(int domain, int type, int protocol, Span<int> sockets);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bind(FileDescriptor socket, in UnixAddress address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int listen(FileDescriptor socket, int backlog);

    /// <summary>Whoever connects to a UNIX socket has no address as a rule: none is asked for.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int accept4(FileDescriptor socket, nint address, nint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int connect(FileDescriptor socket, in UnixAddress address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int shutdown(FileDescriptor socket, int how);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint sendmsg(FileDescriptor socket, in SocketMessage message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint recvmsg(FileDescriptor socket, ref SocketMessage message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int getsockopt(FileDescriptor socket, int level, int option, Span<byte> value, ref uint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int setsockopt(FileDescriptor socket, int level, int option, ReadOnlySpan<byte> value, uint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int fchmod(FileDescriptor file, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int flock(FileDescriptor file, int operation);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int fstatfs(FileDescriptor file, Span<byte> status);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int getrlimit(int resource, out ResourceLimit limit);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int setrlimit(int resource, in ResourceLimit limit);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int uname(out UtsName name);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int capget(ref CapabilityHeader header, Span<CapabilityData> data);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int klogctl(int action, Span<byte> buffer, int size);
}
