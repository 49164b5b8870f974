using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Tests.Interop;

/// <summary>Calls that have no wrapper yet, made once for real: a wrong signature shows here and not in a driver.</summary>
public sealed class LibcTests
{
    private const nint NotMapped = -1;
    private static readonly nuint Page = (nuint)Environment.SystemPageSize;

    [Fact]
    public void A_file_is_mapped_protected_and_unmapped()
    {
        using MemoryFile memory = MemoryFile.Create("test", (long)Page * 2, 0, out _)!;
        memory.File.PositionedWrite([0xAB], (long)Page, out _);

        nint address = Libc.mmap(0, Page, MemoryProtection.PROT_READ | MemoryProtection.PROT_WRITE, MapFlags.MAP_SHARED, memory.File, (long)Page);
        address.ShouldNotBe(NotMapped);
        Marshal.ReadByte(address).ShouldBe<byte>(0xAB);
        Marshal.WriteByte(address, 0xCD);
        byte[] read = new byte[1];
        memory.File.PositionedRead(read, (long)Page, out _);
        read.ShouldBe([0xCD]);

        Libc.madvise(address, Page, MemoryAdvice.MADV_DONTFORK).ShouldBe(0);
        Libc.mprotect(address, Page, MemoryProtection.PROT_READ).ShouldBe(0);
        Libc.munmap(address, Page).ShouldBe(0);
        Libc.madvise(address, Page, MemoryAdvice.MADV_DONTFORK).ShouldBe(-1);
        ((Errno)Marshal.GetLastPInvokeError()).ShouldBe(Errno.ENOMEM);
    }

    [Fact]
    public void Memory_without_a_file_is_mapped_where_it_is_told_to_be()
    {
        int flags = MapFlags.MAP_PRIVATE | MapFlags.MAP_ANONYMOUS | MachineAbi.Current.MAP_NORESERVE;
        nint address = Libc.mmap(0, Page * 4, MemoryProtection.PROT_NONE, flags, -1, 0);
        address.ShouldNotBe(NotMapped);

        nint second = address + (nint)Page;
        int readWrite = MemoryProtection.PROT_READ | MemoryProtection.PROT_WRITE;
        Libc.mmap(second, Page, readWrite, flags | MapFlags.MAP_FIXED_NOREPLACE, -1, 0).ShouldBe(NotMapped);
        ((Errno)Marshal.GetLastPInvokeError()).ShouldBe(Errno.EEXIST);
        Libc.mmap(second, Page, readWrite, flags | MapFlags.MAP_FIXED, -1, 0).ShouldBe(second);
        Marshal.WriteByte(second, 1);
        Libc.munmap(address, Page * 4).ShouldBe(0);
    }

    [Fact]
    public void Locked_memory_counts_against_the_limit()
    {
        Machine.GetLimit(ResourceLimits.RLIMIT_MEMLOCK, out ResourceLimit limit).ShouldBe(Errno.None);
        limit.rlim_cur.ShouldBeLessThanOrEqualTo(limit.rlim_max);
        Assert.SkipWhen(limit.rlim_cur < Page, "This process may lock no memory.");

        nint address = Libc.mmap(
            0, Page, MemoryProtection.PROT_READ | MemoryProtection.PROT_WRITE, MapFlags.MAP_PRIVATE | MapFlags.MAP_ANONYMOUS, -1, 0);
        Libc.mlock(address, Page).ShouldBe(0);
        Libc.munlock(address, Page).ShouldBe(0);
        Libc.munmap(address, Page);
        Libc.setrlimit(ResourceLimits.RLIMIT_MEMLOCK, in limit).ShouldBe(0);
    }

    [Fact]
    public void Limits_are_those_that_procfs_shows()
    {
        Machine.GetLimit(ResourceLimits.RLIMIT_NOFILE, out ResourceLimit limit).ShouldBe(Errno.None);
        string line = File.ReadLines("/proc/self/limits").Single(text => text.StartsWith("Max open files", StringComparison.Ordinal));
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        words[3..5].ShouldBe([Text(limit.rlim_cur), Text(limit.rlim_max)]);

        static string Text(ulong value) => value == ResourceLimits.RLIM_INFINITY ? "unlimited" : $"{value}";
    }

    [Fact]
    public void The_kernel_copies_memory_and_says_where_there_is_none()
    {
        byte[] source = [1, 2, 3, 4];
        byte[] target = new byte[4];
        var from = GCHandle.Alloc(source, GCHandleType.Pinned);
        var to = GCHandle.Alloc(target, GCHandleType.Pinned);
        try
        {
            var local = new IoVector { iov_base = to.AddrOfPinnedObject(), iov_len = 4 };
            var remote = new IoVector { iov_base = from.AddrOfPinnedObject(), iov_len = 4 };
            int self = Environment.ProcessId;
            nint copied = Libc.process_vm_readv(self, [local], 1, [remote], 1, 0);
            Assert.SkipWhen(
                copied < 0 && (Errno)Marshal.GetLastPInvokeError() is Errno.EPERM or Errno.ENOSYS, "A sandbox forbids process_vm_readv here.");
            copied.ShouldBe(4);
            target.ShouldBe(source);

            target[0] = 9;
            Libc.process_vm_writev(self, [local], 1, [remote], 1, 0).ShouldBe(4);
            source[0].ShouldBe<byte>(9);

            Libc.process_vm_readv(self, [local], 1, [remote with { iov_base = 8 }], 1, 0).ShouldBe(-1);
            ((Errno)Marshal.GetLastPInvokeError()).ShouldBe(Errno.EFAULT);
        }
        finally
        {
            from.Free();
            to.Free();
        }
    }

    [Fact]
    public void Poll_tells_which_descriptors_are_ready()
    {
        using EventFd signalled = EventFd.Create(0, out _)!;
        using EventFd other = EventFd.Create(0, out _)!;
        signalled.Signal();
        PollDescriptor[] descriptors =
        [
            new() { fd = signalled.File.Number, events = PollFlags.POLLIN },
            new() { fd = other.File.Number, events = PollFlags.POLLIN },
        ];

        Libc.poll(descriptors, (nuint)descriptors.Length, 0).ShouldBe(1);
        descriptors.Select(descriptor => descriptor.revents).ShouldBe([PollFlags.POLLIN, (short)0]);
    }
}
