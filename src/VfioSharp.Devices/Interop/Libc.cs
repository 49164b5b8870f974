using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary>
/// The C library's functions, as they are. Use them through <see cref="FileDescriptor"/> and its neighbours, which check and retry.
/// </summary>
/// <remarks>
/// open, openat and syscall are variadic in C. The calling conventions of Linux on x86-64, arm64 and RISC-V pass integers and pointers to a
/// variadic function as to any other, which is what makes these declarations right.
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

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint readlinkat(FileDescriptor folder, string path, Span<byte> buffer, nint size);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int statx(FileDescriptor folder, string path, int flags, uint mask, out Statx status);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int close(int file);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int uname(out UtsName name);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int capget(ref CapabilityHeader header, Span<CapabilityData> data);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int klogctl(int action, Span<byte> buffer, int size);
}
