using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Tests.Interop;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>Which of a peer's files are taken as memory, and how each is touched.</summary>
public sealed class PeerMemoryTests : IDisposable
{
    private const ulong Start = 0x10_0000;
    private const int AllowSealing = (int)MemoryFileFlags.MFD_ALLOW_SEALING;

    private static readonly int Page = Environment.SystemPageSize;

    private readonly DirectoryInfo folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, ProcessFiles.UniqueName()));
    private readonly List<MemoryRegion> taken = [];

    public void Dispose()
    {
        taken.ForEach(region => region.CloseAsync().IsCompleted.ShouldBeTrue());
        folder.Delete(recursive: true);
    }

    [Fact]
    public void What_can_be_sealed_is_sealed_and_touched_directly()
    {
        using MemoryFile file = Make(2, AllowSealing);
        MemoryRegion region = Take(file.File, 0, 2).ShouldBeOfType<MappedFileRegion>();
        CheckShared(region, file.File, 0);
        region.TryGetMemory((ulong)Page - 4, 8, out Memory<byte> memory).ShouldBeTrue();
        memory.Span.Fill(0x5A);
        Read(file.File, Page - 4, 8).ShouldAllBe(value => value == 0x5A);

        file.GetSeals(out int seals).ShouldBe(Errno.None);
        seals.ShouldBe(FileControl.F_SEAL_SHRINK, "no more than needed: the peer may let it grow");
        file.File.SetLength(Page).ShouldBe(Errno.EPERM);
    }

    [Theory]
    [InlineData(FileControl.F_SEAL_SHRINK | FileControl.F_SEAL_SEAL, true)]
    [InlineData(FileControl.F_SEAL_SHRINK | FileControl.F_SEAL_GROW, true)]
    [InlineData(FileControl.F_SEAL_SEAL, false)]
    [InlineData(FileControl.F_SEAL_GROW | FileControl.F_SEAL_SEAL, false)]
    public void Where_the_peer_has_sealed_already_it_is_the_seal_against_shrinking_that_counts(int seals, bool isDirect)
    {
        using MemoryFile file = Make(1, AllowSealing);
        file.AddSeals(seals).ShouldBe(Errno.None);
        (Take(file.File, 0, 1) is MappedFileRegion).ShouldBe(isDirect);
    }

    [Fact]
    public void What_cannot_be_sealed_is_touched_by_the_kernel_alone()
    {
        using MemoryFile file = Make(2, 0);
        MemoryRegion region = Take(file.File, 0, 2).ShouldBeOfType<GuardedFileRegion>();
        CheckShared(region, file.File, 0);
        region.TryGetMemory(0, 8, out Memory<byte> memory).ShouldBeFalse();
        memory.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void A_file_of_tmpfs_is_memory_that_cannot_be_sealed()
    {
        using FileDescriptor? place = FileDescriptor.Open("/dev/shm", OpenFlags.O_RDONLY, out _);
        Assert.SkipUnless(
            place is not null && place.GetFileSystem(out uint type) == Errno.None && type == FileSystemStatus.TMPFS_MAGIC, "/dev/shm is no tmpfs here.");
        string path = Path.Combine("/dev/shm", ProcessFiles.UniqueName());
        File.WriteAllBytes(path, new byte[Page]);
        try
        {
            using FileDescriptor file = FileDescriptor.Open(path, OpenFlags.O_RDWR, out _).ShouldNotBeNull();
            CheckShared(Take(file, 0, 1).ShouldBeOfType<GuardedFileRegion>(), file, 0);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Who_is_trusted_is_touched_directly_sealed_or_not()
    {
        using MemoryFile file = Make(1, 0);
        CheckShared(Take(file.File, 0, 1, trust: true).ShouldBeOfType<MappedFileRegion>(), file.File, 0);
    }

    [Fact]
    public void A_file_on_a_disk_is_taken_from_the_trusted_alone()
    {
        using FileDescriptor file = OnDisk();
        Refuse(file, 0, (ulong)Page, DmaAccess.ReadWrite, trust: false, Errno.EACCES, "is not memory");
        CheckShared(Take(file, 0, 1, trust: true).ShouldBeOfType<MappedFileRegion>(), file, 0);
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/tmp")]
    [InlineData("pipe")]
    [InlineData("socket")]
    [InlineData("eventfd")]
    public void What_is_no_regular_file_is_taken_from_nobody(string what)
    {
        FileDescriptor? other = null;
        using FileDescriptor file = what switch
        {
            "pipe" => Pipe(out other),
            "socket" => Socket(out other),
            "eventfd" => EventFd.Create(0, out _)!.File,
            _ => FileDescriptor.Open(what, what == "/tmp" ? OpenFlags.O_RDONLY : OpenFlags.O_RDWR, out _).ShouldNotBeNull(),
        };
        using (other)
        {
            Refuse(file, 0, (ulong)Page, DmaAccess.ReadWrite, trust: false, Errno.EINVAL, "no regular file");
            Refuse(file, 0, (ulong)Page, DmaAccess.ReadWrite, trust: true, Errno.EINVAL, "no regular file");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_descriptor_to_read_gives_memory_to_read(bool isSealed)
    {
        using MemoryFile file = Make(1, AllowSealing);
        if (isSealed)
        {
            file.AddSeals(FileControl.F_SEAL_SHRINK).ShouldBe(Errno.None);
        }

        using FileDescriptor readOnly = FileDescriptor.Open($"/proc/self/fd/{file.File.Number}", OpenFlags.O_RDONLY, out _).ShouldNotBeNull();
        Refuse(readOnly, 0, (ulong)Page, DmaAccess.ReadWrite, trust: false, Errno.EACCES, "cannot be mapped (EACCES)");
        Refuse(readOnly, 0, (ulong)Page, DmaAccess.ReadWrite, trust: true, Errno.EACCES, "cannot be mapped (EACCES)");

        // Whoever may not write to a file may not seal it either.
        MemoryRegion region = Take(readOnly, 0, 1, access: DmaAccess.Read);
        (region is MappedFileRegion).ShouldBe(isSealed);
        file.File.PositionedWrite([0x77], 100, out _).ShouldBe(Errno.None);
        byte[] data = new byte[1];
        region.TryRead(100, data).ShouldBeTrue();
        data.ShouldBe([0x77]);
    }

    [Theory]
    [InlineData(FileControl.F_SEAL_WRITE)]
    [InlineData(FileControl.F_SEAL_FUTURE_WRITE)]
    public void What_is_sealed_against_writing_is_not_taken_to_be_written(int seal)
    {
        using MemoryFile file = Make(1, AllowSealing);
        file.AddSeals(seal).ShouldBe(Errno.None);
        Refuse(file.File, 0, (ulong)Page, DmaAccess.ReadWrite, trust: false, Errno.EPERM, "cannot be mapped (EPERM)");
        Take(file.File, 0, 1, access: DmaAccess.Read).ShouldBeOfType<MappedFileRegion>();
    }

    [Theory]
    [InlineData(0, AllowSealing)]
    [InlineData(0, 0)]
    [InlineData(0x633, AllowSealing)]
    [InlineData(0x633, 0)]
    [InlineData(0x1FFF, AllowSealing)]
    [InlineData(0x1FFF, 0)]
    [InlineData(0x2000, AllowSealing)]
    [InlineData(0x2000, 0)]
    public void A_piece_begins_and_ends_at_any_byte(int offset, int flags)
    {
        const int Length = 0x1234;
        using MemoryFile file = MemoryFile.Create("test", offset + Length, (uint)flags, out _).ShouldNotBeNull();
        MemoryRegion region = PeerMemory.Take(new PeerShare((_, _) => { }), file.File, (ulong)offset, new Iova(Start + 5), Length, DmaAccess.ReadWrite, false, out Errno error, out string reason)
            .ShouldNotBeNull();
        taken.Add(region);
        (error, reason, region.Start, region.Length).ShouldBe((Errno.None, "", new Iova(Start + 5), (ulong)Length));
        CheckShared(region, file.File, offset);
        region.TryWrite(Length - 1, [0x99]).ShouldBeTrue();
        Read(file.File, offset + Length - 1, 1).ShouldBe([0x99]);

        // The whole page at the end is there, but the file is not longer than it was.
        file.File.GetStatus(out Statx status).ShouldBe(Errno.None);
        status.stx_size.ShouldBe((ulong)(offset + Length));
    }

    [Theory]
    [InlineData(0UL, 0x1001UL, AllowSealing)]
    [InlineData(0UL, 0x1001UL, 0)]
    [InlineData(1UL, 0x1000UL, AllowSealing)]
    [InlineData(0x1000UL, 1UL, 0)]
    [InlineData(0x1001UL, 1UL, 0)]
    [InlineData(0x7FFF_FFFF_FFFF_F000UL, 0x800UL, 0)]
    [InlineData(0UL, 1UL << 62, AllowSealing)]
    [InlineData(0x800UL, ulong.MaxValue - 0x7FF, 0)]
    public void A_piece_that_the_file_does_not_hold_is_refused(ulong offset, ulong length, int flags)
    {
        using MemoryFile file = MemoryFile.Create("test", 0x1000, (uint)flags, out _).ShouldNotBeNull();
        Refuse(file.File, offset, length, DmaAccess.ReadWrite, trust: false, Errno.EINVAL, "do not lie in its file of 0x1000 bytes");
        Refuse(file.File, offset, length, DmaAccess.ReadWrite, trust: true, Errno.EINVAL, "do not lie in its file of 0x1000 bytes");
    }

    [Fact]
    public async Task Nothing_is_left_of_it_when_it_is_closed()
    {
        string name = ProcessFiles.UniqueName();
        MemoryFile file = MemoryFile.Create(name, 2 * Page, MemoryFileFlags.MFD_ALLOW_SEALING, out _).ShouldNotBeNull();
        file.File.GetStatus(out Statx status).ShouldBe(Errno.None);
        MemoryRegion region = PeerMemory.Take(new PeerShare((_, _) => { }), file.File, 0, new Iova(Start), (ulong)Page, DmaAccess.ReadWrite, false, out _, out _).ShouldNotBeNull();
        ProcessFiles.Count(name).ShouldBe(1, "the peer's own");
        file.Dispose();
        ProcessFiles.Count(name).ShouldBe(0);
        Mapped().ShouldBe(1);

        region.TryAcquire().ShouldBeTrue();
        region.TryWrite(0, [1, 2, 3]).ShouldBeTrue("the memory outlives the descriptor");
        Task closed = region.CloseAsync();
        Mapped().ShouldBe(1, "somebody uses it");
        region.Release();
        await closed;
        Mapped().ShouldBe(0);

        int Mapped() => File.ReadLines("/proc/self/maps").Count(line => line.Contains(name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void What_is_refused_leaves_nothing_behind(int kind)
    {
        string name = ProcessFiles.UniqueName();
        using MemoryFile file = MemoryFile.Create(name, Page, MemoryFileFlags.MFD_ALLOW_SEALING, out _).ShouldNotBeNull();
        if (kind == 1)
        {
            file.AddSeals(FileControl.F_SEAL_WRITE);
        }

        PeerMemory.Take(new PeerShare((_, _) => { }), file.File, 0, new Iova(Start), kind == 0 ? (ulong)Page + 1 : (ulong)Page, DmaAccess.ReadWrite, false, out _, out _).ShouldBeNull();
        ProcessFiles.Count(name).ShouldBe(1);
        File.ReadLines("/proc/self/maps").Count(line => line.Contains(name, StringComparison.Ordinal)).ShouldBe(0);
    }

    [Fact]
    public void A_file_s_bytes_are_counted_without_touching_it()
    {
        using MemoryFile file = Make(1, 0);
        ulong length = (ulong)Page;
        PeerMemory.Holds(file.File, 0, length).ShouldBeTrue();
        PeerMemory.Holds(file.File, length, 0).ShouldBeTrue();
        PeerMemory.Holds(file.File, 1, length).ShouldBeFalse();
        PeerMemory.Holds(file.File, length + 1, 0).ShouldBeFalse();
        PeerMemory.Holds(file.File, ulong.MaxValue, 2).ShouldBeFalse();
        using FileDescriptor device = FileDescriptor.Open("/dev/zero", OpenFlags.O_RDWR, out _).ShouldNotBeNull();
        PeerMemory.Holds(device, 0, 0).ShouldBeFalse();

        PeerMemory.Seal(file.File).ShouldBeFalse();
        using MemoryFile willing = Make(1, AllowSealing);
        PeerMemory.Seal(willing.File).ShouldBeTrue();
        PeerMemory.Seal(willing.File).ShouldBeTrue("it is already");
        PeerMemory.Seal(device).ShouldBeFalse();
    }

    private static FileDescriptor Pipe(out FileDescriptor? other)
    {
        (FileDescriptor reader, other) = Natives.Pipe();
        return reader;
    }

    private static FileDescriptor Socket(out FileDescriptor? other)
    {
        UnixSocket.CreatePair(out UnixSocket? one, out UnixSocket? two).ShouldBe(Errno.None);
        other = two!.File;
        return one!.File;
    }

    private static MemoryFile Make(int pages, int flags) => MemoryFile.Create("test", pages * (long)Page, (uint)flags, out _).ShouldNotBeNull();

    private static byte[] Read(FileDescriptor file, long offset, int length)
    {
        byte[] data = new byte[length];
        file.PositionedRead(data, offset, out int count).ShouldBe(Errno.None);
        count.ShouldBe(length);
        return data;
    }

    // Across what the region has, a few bytes at each end: what one side writes the other reads.
    private static void CheckShared(MemoryRegion region, FileDescriptor file, long offset)
    {
        foreach (long at in (long[])[0, 1, (long)region.Length - 3])
        {
            byte[] data = [(byte)(at + 1), (byte)(at + 2), (byte)(at + 3)];
            region.TryWrite((ulong)at, data).ShouldBeTrue();
            Read(file, offset + at, 3).ShouldBe(data);
            file.PositionedWrite([0xE1, 0xE2], offset + at + 1, out _).ShouldBe(Errno.None);
            region.TryRead((ulong)at, data).ShouldBeTrue();
            data.ShouldBe([(byte)(at + 1), 0xE1, 0xE2]);
        }
    }

    private static void Refuse(FileDescriptor file, ulong offset, ulong length, DmaAccess access, bool trust, Errno expected, string why)
    {
        PeerMemory.Take(new PeerShare((_, _) => { }), file, offset, new Iova(0), length, access, trust, out Errno error, out string reason).ShouldBeNull();
        error.ShouldBe(expected);
        reason.ShouldContain(why);
    }

    private MemoryRegion Take(FileDescriptor file, ulong offset, int pages, bool trust = false, DmaAccess access = DmaAccess.ReadWrite)
    {
        MemoryRegion? region = PeerMemory.Take(new PeerShare((_, _) => { }), file, offset, new Iova(Start), (ulong)(pages * Page), access, trust, out Errno error, out string reason);
        (error, reason).ShouldBe((Errno.None, ""));
        taken.Add(region.ShouldNotBeNull());
        region.Access.ShouldBe(access);
        return region;
    }

    private FileDescriptor OnDisk()
    {
        string path = Path.Combine(folder.FullName, "file");
        File.WriteAllBytes(path, new byte[Page]);
        FileDescriptor file = FileDescriptor.Open(path, OpenFlags.O_RDWR, out _).ShouldNotBeNull();
        file.GetFileSystem(out uint type).ShouldBe(Errno.None);
        Assert.SkipWhen(type == FileSystemStatus.TMPFS_MAGIC, "The tests lie in a tmpfs here.");
        return file;
    }
}
