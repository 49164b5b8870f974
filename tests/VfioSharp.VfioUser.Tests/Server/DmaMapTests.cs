using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>Memory that a client shows by a descriptor (DMA_MAP).</summary>
public sealed class DmaMapTests : IAsyncDisposable
{
    private const int Length = 64 << 10;
    private const ulong At = 0x2_0000_0063_3000;

    private readonly ServerRig rig = new();
    private readonly RawClient client;
    private readonly SharedFile file = new(Length);

    public DmaMapTests()
    {
        client = rig.Greeted();
        client.PowerOn();
    }

    private SystemMemory Memory => rig.Model.SystemMemory;

    public async ValueTask DisposeAsync()
    {
        await rig.DisposeAsync();
        (file.Mappings, OpenFiles.CountOf(file.File)).ShouldBe((0, 1), "nothing of a client's stays");
        file.Dispose();
    }

    [Fact]
    public void What_can_be_sealed_is_sealed_and_used_in_place()
    {
        Map(Payloads.DmaMap(At, Length), file.File);
        (file.Mappings, OpenFiles.CountOf(file.File)).ShouldBe((1, 1), "the mapping is all that is kept");
        (file.Seals & FileControl.F_SEAL_SHRINK).ShouldBe(FileControl.F_SEAL_SHRINK);
        file.Write(0x1234, 1, 2, 3, 4);
        byte[] bytes = new byte[4];
        Memory.TryRead(new Iova(At + 0x1234), bytes).ShouldBeTrue();
        bytes.ShouldBe([1, 2, 3, 4]);
        Memory.TryWrite(new Iova(At + Length - 2), [5, 6]).ShouldBeTrue();
        file.Read(Length - 2, 2).ShouldBe([5, 6]);
        Memory.TryLease(new Iova(At), Length, DmaAccess.ReadWrite, out MemoryLease lease).ShouldBeTrue();
        lease.Span[0x1235].ShouldBe((byte)2);
        lease.Dispose();
        Memory.TryRead(new Iova(At - 1), bytes).ShouldBeFalse();
        Memory.TryRead(new Iova(At + Length - 2), bytes).ShouldBeFalse();
    }

    [Fact]
    public void What_was_sealed_already_is_used_in_place_too()
    {
        using var own = new SharedFile(4096);
        own.File.Control(FileControl.F_ADD_SEALS, FileControl.F_SEAL_SHRINK | FileControl.F_SEAL_GROW | FileControl.F_SEAL_SEAL, out _).ShouldBe(Errno.None);
        Map(Payloads.DmaMap(0x1000, 4096), own.File);
        Memory.TryLease(new Iova(0x1000), 8, DmaAccess.Read, out MemoryLease lease).ShouldBeTrue();
        lease.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_cannot_be_sealed_is_touched_by_the_kernel_alone_and_may_vanish(bool sealsForbidden)
    {
        using var own = new SharedFile(8192, canSeal: sealsForbidden);
        if (sealsForbidden)
        {
            own.File.Control(FileControl.F_ADD_SEALS, FileControl.F_SEAL_SEAL, out _).ShouldBe(Errno.None);
        }

        Map(Payloads.DmaMap(0x1000, 8192), own.File);
        own.Write(4096, 7);
        byte[] bytes = new byte[1];
        Memory.TryRead(new Iova(0x2000), bytes).ShouldBeTrue();
        bytes[0].ShouldBe((byte)7);
        Memory.TryWrite(new Iova(0x1001), [8]).ShouldBeTrue();
        own.Read(1, 1).ShouldBe([8]);
        Memory.TryLease(new Iova(0x1000), 8, DmaAccess.Read, out _).ShouldBeFalse();
        own.File.SetLength(4096).ShouldBe(Errno.None);
        Memory.TryRead(new Iova(0x2000), bytes).ShouldBeFalse();
        Memory.TryWrite(new Iova(0x2000), bytes).ShouldBeFalse();
        client.ShouldEnd();
    }

    [Fact]
    public async Task Unless_the_client_is_trusted()
    {
        await using var trusting = new ServerRig(options: new VfioUserServerOptions { TrustPeerMemory = true });
        RawClient trusted = trusting.Greeted();
        trusted.PowerOn();
        using var own = new SharedFile(8192, canSeal: false);
        trusted.Do(Commands.DmaMap, Payloads.DmaMap(0x1000, 8192), own.File);
        trusting.Model.SystemMemory.TryLease(new Iova(0x1000), 8192, DmaAccess.Read, out MemoryLease lease).ShouldBeTrue();
        lease.Dispose();
    }

    [Theory]
    [InlineData(0x1000UL)]
    [InlineData(0x633UL)] // aligned to nothing
    [InlineData(0xFFFFUL)]
    public void A_piece_of_a_file_is_mapped_from_its_offset(ulong offset)
    {
        file.Write((long)offset, 0x5A);
        ulong size = Math.Min(0x800, Length - offset);
        Map(Payloads.DmaMap(At, size, offset: offset), file.File);
        byte[] bytes = new byte[1];
        Memory.TryRead(new Iova(At), bytes).ShouldBeTrue();
        bytes[0].ShouldBe((byte)0x5A);
        Memory.TryRead(new Iova(At + size), bytes).ShouldBeFalse();
    }

    [Fact]
    public void What_does_not_lie_in_the_file_is_refused()
    {
        foreach ((ulong offset, ulong size) in ((ulong, ulong)[])[
            (0, Length + 1), (1, Length), (Length, 1), (Length + 4096, 4096), (1UL << 62, 4096), (long.MaxValue, 1), (1UL << 63, 4096), (ulong.MaxValue, 1), (0, 1UL << 40)])
        {
            Refuse(Errno.EINVAL, Payloads.DmaMap(0, size, offset: offset), file.File);
        }
    }

    [Fact]
    public void Addresses_that_cannot_be_are_refused()
    {
        Refuse(Errno.EINVAL, Payloads.DmaMap(0, 0), file.File);
        Refuse(Errno.EINVAL, Payloads.DmaMap(ulong.MaxValue, 2), file.File);
        Refuse(Errno.EINVAL, Payloads.DmaMap(ulong.MaxValue - 4095, 4097), file.File);
        Map(Payloads.DmaMap(ulong.MaxValue - 4095, 4096), file.File);
        byte[] bytes = new byte[4096];
        Memory.TryRead(new Iova(ulong.MaxValue - 4095), bytes).ShouldBeTrue();
        Memory.TryRead(new Iova(ulong.MaxValue), bytes).ShouldBeFalse();
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(4u)]
    [InlineData(7u)]
    [InlineData(0x80000003u)]
    public void Flags_that_cannot_be_are_refused(uint flags) => Refuse(Errno.EINVAL, Payloads.DmaMap(0, 4096, flags), file.File);

    [Theory]
    [InlineData(0u)]
    [InlineData(31u)]
    public void Its_own_size_is_held_against_the_structure(uint argsz) => Refuse(Errno.EINVAL, Payloads.DmaMap(0, 4096, argsz: argsz), file.File);

    [Fact]
    public void What_is_longer_than_the_structure_is_refused() => Refuse(Errno.EINVAL, [.. Payloads.DmaMap(0, 4096, argsz: 40), .. new byte[8]], file.File);

    [Theory]
    [InlineData(1u, true, false)]
    [InlineData(2u, false, true)]
    [InlineData(3u, true, true)]
    public void The_function_reads_and_writes_what_it_may(uint flags, bool reads, bool writes)
    {
        Map(Payloads.DmaMap(0x1000, 4096, flags), file.File);
        byte[] bytes = new byte[4];
        (Memory.TryRead(new Iova(0x1000), bytes), Memory.TryWrite(new Iova(0x1000), bytes)).ShouldBe((reads, writes));
    }

    [Fact]
    public void A_file_that_is_open_for_reading_alone_is_not_mapped_for_writing()
    {
        using FileDescriptor readOnly = FileDescriptor.Open($"/proc/self/fd/{file.File.Number}", OpenFlags.O_RDONLY, out _)!;
        Refuse(Errno.EACCES, Payloads.DmaMap(0x1000, 4096), readOnly);
        Map(Payloads.DmaMap(0x1000, 4096, 1), readOnly);
    }

    [Fact]
    public void What_is_no_memory_is_refused()
    {
        using EventFd eventFd = Events.Create();
        using FileDescriptor folder = FileDescriptor.Open("/", OpenFlags.O_RDONLY, out _)!;
        using FileDescriptor device = FileDescriptor.Open("/dev/zero", 2, out _)!;
        using FileDescriptor process = FileDescriptor.Open("/proc/self/status", OpenFlags.O_RDONLY, out _)!;
        UnixSocket.CreatePair(out UnixSocket? one, out UnixSocket? other).ShouldBe(Errno.None);
        Refuse(Errno.EINVAL, Payloads.DmaMap(0x1000, 4096, 1), eventFd.File);
        Refuse(Errno.EINVAL, Payloads.DmaMap(0x1000, 4096, 1), folder);
        Refuse(Errno.EINVAL, Payloads.DmaMap(0x1000, 4096, 1), device);
        Refuse(Errno.EINVAL, Payloads.DmaMap(0x1000, 4096, 1), one!.File);

        // Whose pages come from a program or a disk, and may let wait whoever touches them.
        Refuse(Errno.EACCES, Payloads.DmaMap(0x1000, 4096, 1), process);
        rig.ShouldLog("its memory at 0x1000 is refused: its file is not memory");
        OpenFiles.CountOf(eventFd.File).ShouldBe(1);
        one.Dispose();
        other!.Dispose();
    }

    [Fact]
    public void One_descriptor_comes_with_it_at_most()
    {
        Refuse(Errno.EINVAL, Payloads.DmaMap(0x1000, 4096), file.File, file.File);
        OpenFiles.CountOf(file.File).ShouldBe(1);
    }

    [Fact]
    public void What_overlaps_is_refused_and_what_touches_is_not()
    {
        Map(Payloads.DmaMap(0x10000, 0x4000), file.File);
        foreach ((ulong address, ulong size) in ((ulong, ulong)[])[
            (0x10000, 0x4000), (0x10000, 0x1000), (0x11000, 0x1000), (0x13FFF, 1), (0xF000, 0x1001), (0xF000, 0x8000), (0x13000, 0x2000)])
        {
            Refuse(Errno.EEXIST, Payloads.DmaMap(address, size), file.File);
            Refuse(Errno.EEXIST, Payloads.DmaMap(address, size)); // nor by messages
        }

        file.Mappings.ShouldBe(1);
        Map(Payloads.DmaMap(0xF000, 0x1000), file.File);
        Map(Payloads.DmaMap(0x14000, 0x1000), file.File);

        // An access goes across pieces.
        file.Write(0, 1, 2, 3, 4);
        file.Write(0xFFF, 9);
        byte[] bytes = new byte[4];
        Memory.TryRead(new Iova(0xFFFF), bytes).ShouldBeTrue();
        bytes.ShouldBe([9, 1, 2, 3]);
    }

    [Fact]
    public async Task No_more_pieces_and_bytes_are_taken_than_may_be()
    {
        var limits = new VfioUserLimits { MaxDmaMaps = 2, MaxDmaBytes = 3 * 4096 };
        await using var small = new ServerRig(options: new VfioUserServerOptions { Limits = limits });
        RawClient other = small.Connect();
        using RawMessage answer = other.Greet();
        answer.Json.ShouldContain("\"max_dma_maps\":2,");
        other.ShouldRefuse(Errno.ENOSPC, Commands.DmaMap, Payloads.DmaMap(0, 4 * 4096), file.File);
        other.Do(Commands.DmaMap, Payloads.DmaMap(0, 2 * 4096), file.File);
        other.ShouldRefuse(Errno.ENOSPC, Commands.DmaMap, Payloads.DmaMap(0x10000, 2 * 4096), file.File);
        other.Do(Commands.DmaMap, Payloads.DmaMap(0x10000, 4096));
        other.ShouldRefuse(Errno.ENOSPC, Commands.DmaMap, Payloads.DmaMap(0x20000, 1), file.File);

        // What is given back may be used again.
        other.Do(Commands.DmaUnmap, Payloads.DmaUnmap(0, 2 * 4096));
        other.Do(Commands.DmaMap, Payloads.DmaMap(0, 2 * 4096), file.File);
        other.Do(Commands.DmaUnmap, Payloads.DmaUnmap(0, 0, 2));
        other.Do(Commands.DmaMap, Payloads.DmaMap(0, 3 * 4096), file.File);
    }

    [Fact]
    public void While_bus_mastering_is_off_the_function_reaches_nothing()
    {
        Map(Payloads.DmaMap(0x1000, 4096), file.File);
        client.Write(7, 4, 2, 0);
        Memory.TryRead(new Iova(0x1000), new byte[1]).ShouldBeFalse();
        client.PowerOn();
        Memory.TryRead(new Iova(0x1000), new byte[1]).ShouldBeTrue();
    }

    private void Map(byte[] payload, params FileDescriptor[] files) => client.ShouldAnswer(Commands.DmaMap, payload, [], files);

    private void Refuse(Errno error, byte[] payload, params FileDescriptor[] files) => client.ShouldRefuse(error, Commands.DmaMap, payload, files);
}
