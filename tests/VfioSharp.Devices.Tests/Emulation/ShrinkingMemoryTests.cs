using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Tests.Interrupts;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>Memory that its owner takes from under this process. A mistake in what is tested here ends the process by SIGBUS.</summary>
public sealed class ShrinkingMemoryTests : IDisposable
{
    private const ulong Start = 0x10_0000;

    private static readonly int Page = Environment.SystemPageSize;

    private readonly TestFunction function = new(TestFunction.LayoutOf());

    public ShrinkingMemoryTests() => function.PowerOn();

    public void Dispose()
    {
        foreach (MemoryRegion region in function.SystemMemory.Remove(new Iova(0), new Iova(ulong.MaxValue)))
        {
            region.CloseAsync().IsCompleted.ShouldBeTrue();
        }
    }

    [Fact]
    public void What_is_gone_is_refused_and_what_is_left_goes_on()
    {
        using MemoryFile file = MemoryFile.Create("test", 4 * Page, 0, out _).ShouldNotBeNull();
        Take(file, 0, 4 * Page).ShouldBeOfType<GuardedFileRegion>();
        byte[] data = new byte[Page];
        Array.Fill(data, (byte)0x42);
        Write(3 * Page, data).ShouldBeTrue();

        file.File.SetLength(Page).ShouldBe(Errno.None);
        foreach (int gone in (int[])[Page, (2 * Page) - 1, (3 * Page) + 7, (4 * Page) - 1])
        {
            Read(gone, new byte[1]).ShouldBeFalse();
            Write(gone, new byte[1]).ShouldBeFalse();
        }

        Read(Page - 1, new byte[2]).ShouldBeFalse("it goes on into what is gone");
        Write(0, new byte[4 * Page]).ShouldBeFalse();
        Write(0, data).ShouldBeTrue();
        Read(0, data).ShouldBeTrue();

        // A file that grew again holds zeros where it was cut.
        file.File.SetLength(4 * Page).ShouldBe(Errno.None);
        Read(3 * Page, data).ShouldBeTrue();
        data.ShouldAllBe(value => value == 0);
    }

    [Fact]
    public void A_file_that_ends_inside_a_page_is_reached_up_to_its_last_byte()
    {
        using MemoryFile file = MemoryFile.Create("test", Page + 10, 0, out _).ShouldNotBeNull();
        Take(file, 0, Page + 10);
        Write(Page + 9, [1]).ShouldBeTrue();
        Write(Page + 9, [1, 2]).ShouldBeFalse();
        file.File.SetLength(0).ShouldBe(Errno.None);
        Write(Page + 9, [1]).ShouldBeFalse();
        Write(0, [1]).ShouldBeFalse();
    }

    [Fact]
    public void It_cannot_be_used_in_place_only_copied()
    {
        using MemoryFile file = MemoryFile.Create("test", Page, 0, out _).ShouldNotBeNull();
        Take(file, 0, Page);
        function.SystemMemory.TryLease(new Iova(Start), 8, DmaAccess.Read, out _).ShouldBeFalse();
        Write(0, [1]).ShouldBeTrue();
    }

    [Fact]
    public void Reaching_it_allocates_nothing()
    {
        using MemoryFile file = MemoryFile.Create("test", Page, 0, out _).ShouldNotBeNull();
        Take(file, 0, Page);
        byte[] data = new byte[64];
        Allocations.Of(Use, times: 1000).ShouldBe(0);

        void Use()
        {
            Read(0, data);
            Write(8, data);
        }
    }

    [Fact]
    public async Task Cut_short_while_it_is_used_every_access_is_whole_or_refused()
    {
        using MemoryFile file = MemoryFile.Create("test", 2 * Page, 0, out _).ShouldNotBeNull();
        Take(file, 0, 2 * Page);
        using var done = new CancellationTokenSource();
        Task owner = Toggle(file, done.Token);
        int refused = 0;
        int granted = 0;
        byte[] data = new byte[256];
        Patience.Until(() =>
        {
            for (int i = 0; i < Fuzz.Iterations(200, longFactor: 100); i++)
            {
                bool isDone = i % 2 == 0 ? Read((2 * Page) - 256, data) : Write((2 * Page) - 256, data);
                refused += isDone ? 0 : 1;
                granted += isDone ? 1 : 0;
            }

            return refused > 0 && granted > 0;
        });
        await done.CancelAsync();
        await owner.Soon();
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_taken_is_refused_or_stays_as_long_as_it_was()
    {
        int refused = 0;
        int granted = 0;
        for (int round = 0; round < Fuzz.Iterations(50, longFactor: 100) || refused == 0 || granted == 0; round++)
        {
            using MemoryFile file = MemoryFile.Create("test", 2 * Page, MemoryFileFlags.MFD_ALLOW_SEALING, out _).ShouldNotBeNull();
            using var done = new CancellationTokenSource();
            Task owner = Toggle(file, done.Token);
            Thread.SpinWait(round % 50 * 20);
            MemoryRegion? region = PeerMemory.Take(new PeerShare((_, _) => { }), file.File, 0, new Iova(Start), (ulong)(2 * Page), DmaAccess.ReadWrite, false, out Errno error, out _);
            if (region is null)
            {
                error.ShouldBe(Errno.EINVAL);
                refused++;
            }
            else
            {
                region.ShouldBeOfType<MappedFileRegion>();
                for (int i = 0; i < 100; i++)
                {
                    region.TryWrite((ulong)(2 * Page) - 1, [1]).ShouldBeTrue();
                }

                granted++;
                region.CloseAsync().IsCompleted.ShouldBeTrue();
            }

            await done.CancelAsync();
            await owner.Soon();
        }
    }

    // As a careless or hostile owner does: shorter and longer, as fast as can be.
    private static Task Toggle(MemoryFile file, CancellationToken done) => Task.Factory.StartNew(() =>
    {
        while (!done.IsCancellationRequested)
        {
            file.File.SetLength(0);
            file.File.SetLength(2 * Page);
        }
    }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private bool Read(int offset, Span<byte> data) => function.SystemMemory.TryRead(new Iova(Start + (ulong)offset), data);

    private bool Write(int offset, ReadOnlySpan<byte> data) => function.SystemMemory.TryWrite(new Iova(Start + (ulong)offset), data);

    private MemoryRegion Take(MemoryFile file, ulong offset, int length)
    {
        MemoryRegion region = PeerMemory.Take(new PeerShare((_, _) => { }), file.File, offset, new Iova(Start), (ulong)length, DmaAccess.ReadWrite, false, out _, out _).ShouldNotBeNull();
        function.SystemMemory.TryAdd(region).ShouldBeTrue();
        return region;
    }
}
