using System.Globalization;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>What the peers of a process may map together. Uses all of it up, and changes the machine's pool of huge pages, so nothing else may run.</summary>
[Collection(nameof(Alone))]
public sealed class PeerMappingTests
{
    private const ulong Start = 1UL << 50;
    private const ulong Half = 1UL << 45; // of the addresses that peers may take
    private const int TooMany = 200_000;
    private const int HugePage = 2 << 20;

    private static readonly ulong Page = (ulong)Environment.SystemPageSize;

    [Fact]
    public void Addresses_are_bounded_and_given_back()
    {
        using MemoryFile file = MemoryFile.Create("test", (long)Half, MemoryFileFlags.MFD_ALLOW_SEALING, out _).ShouldNotBeNull();
        for (int round = 0; round < 2; round++)
        {
            MemoryRegion first = Take(file, Half, out _).ShouldNotBeNull();
            MemoryRegion second = Take(file, Half, out _).ShouldNotBeNull();
            Take(file, 1, out string reason).ShouldBeNull();
            reason.ShouldBe("the peers of this process have mapped as much as they may");

            // The runtime has what it needs left.
            GC.AllocateUninitializedArray<byte>(64 << 20).Length.ShouldBe(64 << 20);
            first.CloseAsync().IsCompleted.ShouldBeTrue();
            MemoryRegion again = Take(file, 1, out _).ShouldNotBeNull();
            Take(file, Half, out _).ShouldBeNull("one page more than half is taken");
            again.CloseAsync().IsCompleted.ShouldBeTrue();
            second.CloseAsync().IsCompleted.ShouldBeTrue();
        }
    }

    [Fact]
    public void Mappings_are_bounded_by_half_of_the_kernel_s_limit_and_given_back()
    {
        int limit = int.Parse(File.ReadAllText("/proc/sys/vm/max_map_count"), CultureInfo.InvariantCulture) / 2;
        Assert.SkipWhen(limit > TooMany, $"This machine allows {limit} mappings, which take too long to make.");
        using MemoryFile file = MemoryFile.Create("test", (long)Page, MemoryFileFlags.MFD_ALLOW_SEALING, out _).ShouldNotBeNull();
        var regions = new List<MemoryRegion>();
        string reason;
        while (Take(file, Page, out reason) is { } region)
        {
            regions.Add(region);
        }

        reason.ShouldBe("the peers of this process have mapped as much as they may");
        regions.Count.ShouldBe(limit);
        regions[0].CloseAsync().IsCompleted.ShouldBeTrue();
        regions[0].CloseAsync().IsCompleted.ShouldBeTrue("once is enough");
        regions[0] = Take(file, Page, out _).ShouldNotBeNull();
        Take(file, Page, out _).ShouldBeNull("only one was given back");
        regions.ForEach(region => region.CloseAsync().IsCompleted.ShouldBeTrue());
        Take(file, Page, out _).ShouldNotBeNull().CloseAsync().IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public void What_is_refused_by_the_kernel_costs_nothing_of_the_bound()
    {
        using MemoryFile file = MemoryFile.Create("test", (long)Half, MemoryFileFlags.MFD_ALLOW_SEALING, out _).ShouldNotBeNull();
        file.AddSeals(FileControl.F_SEAL_WRITE).ShouldBe(Errno.None);
        for (int i = 0; i < 4; i++)
        {
            Take(file, Half, out string reason).ShouldBeNull();
            reason.ShouldBe("its file cannot be mapped (EPERM)");
        }
    }

    [Fact]
    public void Memory_of_many_gigabytes_is_leased_across_every_boundary()
    {
        const ulong Length = 5UL << 30;
        using MemoryFile file = MemoryFile.Create("test", (long)Length, MemoryFileFlags.MFD_ALLOW_SEALING, out _).ShouldNotBeNull();
        MemoryRegion region = Take(file, Length, out _).ShouldNotBeNull();
        for (ulong at = (1UL << 30) - 8; at < Length - 8; at += 1UL << 30)
        {
            region.TryGetMemory(at, 16, out Memory<byte> memory).ShouldBeTrue();
            memory.Span.Fill((byte)(at >> 24));
            byte[] written = new byte[18];
            file.File.PositionedRead(written, (long)at - 1, out _).ShouldBe(Errno.None);
            written.ShouldBe([0, .. Enumerable.Repeat((byte)(at >> 24), 16), 0]);
        }

        region.TryGetMemory(0, int.MaxValue, out Memory<byte> whole).ShouldBeTrue();
        whole.Length.ShouldBe(int.MaxValue);
        region.TryGetMemory(1, int.MaxValue, out _).ShouldBeFalse("no object stands for that much");
        region.TryGetMemory(Length - 3, 3, out Memory<byte> end).ShouldBeTrue();
        end.Length.ShouldBe(3);
        region.CloseAsync().IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public void Huge_pages_are_touched_by_the_kernel_alone_for_their_pool_is_everybody_s()
    {
        using var pool = HugePagePool.Fill(pages: 2);
        using MemoryFile? file = MemoryFile.Create(
            "test", 2 * HugePage, MemoryFileFlags.MFD_ALLOW_SEALING | MemoryFileFlags.MFD_HUGETLB | MemoryFileFlags.MFD_HUGE_2MB, out Errno error);
        Assert.SkipWhen(file is null, $"This kernel has no huge pages of 2 MiB ({error}).");
        MemoryRegion? region = PeerMemory.Take(new PeerShare((_, _) => { }), file.File, HugePage - 100, new Iova(Start), 300, DmaAccess.ReadWrite, false, out error, out string reason);
        Assert.SkipWhen(error == Errno.ENOMEM, "The pool of huge pages is empty, and may not be filled.");
        reason.ShouldBe("");
        region.ShouldBeOfType<GuardedFileRegion>();

        // Across the boundary of two pages, neither end aligned to anything.
        byte[] data = [.. Enumerable.Range(0, 200).Select(i => (byte)i)];
        region.TryWrite(50, data).ShouldBeTrue();
        byte[] back = new byte[200];
        region.TryRead(50, back).ShouldBeTrue();
        back.ShouldBe(data);
        file.File.PositionedRead(back, HugePage - 50, out int count).ShouldBe(Errno.None);
        back[..count].ShouldBe(data[..count]);
        region.TryGetMemory(0, 1, out _).ShouldBeFalse();
        region.CloseAsync().IsCompleted.ShouldBeTrue();
    }

    private static MemoryRegion? Take(MemoryFile file, ulong length, out string reason) =>
        PeerMemory.Take(new PeerShare((_, _) => { }), file.File, 0, new Iova(Start), length, DmaAccess.ReadWrite, false, out _, out reason);
}
