using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Controller;
using VfioSharp.Nvme.Spec;
using static VfioSharp.Nvme.Tests.Controller.RawDriver;

namespace VfioSharp.Nvme.Tests.Controller;

public class IoCommandTests
{
    public static TheoryData<NvmeDoorbells, MsixTableLocation> Layouts => new()
    {
        { NvmeDoorbells.Mapped, MsixTableLocation.Shared },
        { NvmeDoorbells.Mapped, MsixTableLocation.Own },
        { NvmeDoorbells.Trapped, MsixTableLocation.Shared },
        { NvmeDoorbells.Trapped, MsixTableLocation.Own },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task What_was_written_is_read_back(NvmeDoorbells doorbells, MsixTableLocation table)
    {
        await using RawDriver driver = Start(options => options with { Doorbells = doorbells, MsixTable = table });
        RawQueue queue = driver.CreateQueue(1);
        DmaBuffer data = driver.Allocate(2 * PageSize);
        for (int i = 0; i < PageSize; i++)
        {
            data.Span[i] = (byte)(i * 7);
        }

        // Far more than a turn of the queue: phases and doorbells wrap.
        for (ulong block = 0; block < 200; block++)
        {
            data.Span[0] = (byte)block;
            queue.Execute(Io(IoOpcode.Write, block * 8, 8, data.Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        }

        for (ulong block = 0; block < 200; block++)
        {
            data.Slice(PageSize, PageSize).Clear();
            queue.Execute(Io(IoOpcode.Read, block * 8, 8, data.Iova.Value + PageSize)).Status.ShouldBe(NvmeStatus.Success);
            data.Span[0] = (byte)block;
            data.Slice(PageSize, PageSize).SequenceEqual(data.Slice(0, PageSize)).ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData(512, 32768UL)]
    [InlineData(4096, 4096UL)]
    public async Task Blocks_beyond_the_end_are_out_of_range(int blockSize, ulong blocks)
    {
        await using RawDriver driver = Start(null, NvmeNamespace.InMemory(16 << 20, blockSize));
        RawQueue queue = driver.CreateQueue(1);
        ulong at = driver.Allocate(PageSize).Iova.Value;
        foreach (IoOpcode opcode in new[] { IoOpcode.Read, IoOpcode.Write, IoOpcode.Compare, IoOpcode.WriteZeroes })
        {
            queue.Execute(Io(opcode, blocks, 1, at)).Status.ShouldBe(NvmeStatus.LbaOutOfRange);
            queue.Execute(Io(opcode, blocks - 1, 2, at)).Status.ShouldBe(NvmeStatus.LbaOutOfRange);
            queue.Execute(Io(opcode, ulong.MaxValue, 1, at)).Status.ShouldBe(NvmeStatus.LbaOutOfRange);
            queue.Execute(Io(opcode, ulong.MaxValue, 65536, at)).Status.ShouldBe(NvmeStatus.LbaOutOfRange);
            queue.Execute(Io(opcode, blocks - 1, 1, at)).Status.ShouldBe(NvmeStatus.Success);
        }
    }

    [Fact]
    public async Task What_is_asked_for_wrongly_is_refused()
    {
        await using RawDriver driver = Start();
        RawQueue queue = driver.CreateQueue(1);
        ulong at = driver.Allocate(PageSize).Iova.Value;
        queue.Execute(Io(IoOpcode.Read, 0, 1, at, namespaceId: 0)).Status.ShouldBe(NvmeStatus.InvalidNamespace);
        queue.Execute(Io(IoOpcode.Read, 0, 1, at, namespaceId: 2)).Status.ShouldBe(NvmeStatus.InvalidNamespace);
        queue.Execute(Io(IoOpcode.Read, 0, 1, at, namespaceId: SubmissionEntry.AllNamespaces)).Status.ShouldBe(NvmeStatus.InvalidNamespace);
        queue.Execute(Io(IoOpcode.Flush, 0, 1, 0, namespaceId: SubmissionEntry.AllNamespaces)).Status.ShouldBe(NvmeStatus.Success);
        queue.Execute(Io((IoOpcode)0x7E, 0, 1, at)).Status.ShouldBe(NvmeStatus.InvalidOpcode);
        queue.Execute(Io(IoOpcode.Read, 0, 1, at) with { Flags = 1 }).Status.ShouldBe(NvmeStatus.InvalidField); // fused
        queue.Execute(Io(IoOpcode.Read, 0, 2049, at)).Status.ShouldBe(NvmeStatus.InvalidField); // more than 1 MiB
        queue.Execute(Io(IoOpcode.Write, 0, 1, at, flags: IoFlags.ForceUnitAccess)).Status.ShouldBe(NvmeStatus.Success);
    }

    [Fact]
    public async Task Compare_zeroes_and_deallocation_do_what_they_say()
    {
        await using RawDriver driver = Start();
        RawQueue queue = driver.CreateQueue(1);
        DmaBuffer data = driver.Allocate(2 * PageSize);
        ulong at = data.Iova.Value;
        data.Slice(0, PageSize).Fill(0xA5);
        queue.Execute(Io(IoOpcode.Write, 0, 8, at)).Status.ShouldBe(NvmeStatus.Success);
        queue.Execute(Io(IoOpcode.Write, 8, 8, at)).Status.ShouldBe(NvmeStatus.Success);
        queue.Execute(Io(IoOpcode.Compare, 0, 8, at)).Status.ShouldBe(NvmeStatus.Success);
        data.Span[PageSize - 1] = 0;
        queue.Execute(Io(IoOpcode.Compare, 0, 8, at)).Status.ShouldBe(NvmeStatus.CompareFailure);
        queue.Execute(Io(IoOpcode.WriteZeroes, 2, 3, 0)).Status.ShouldBe(NvmeStatus.Success);
        queue.Execute(Io(IoOpcode.Read, 0, 8, at)).Status.ShouldBe(NvmeStatus.Success);
        data.Slice(1024, 1536).IndexOfAnyExcept((byte)0).ShouldBe(-1);
        data.Slice(0, 1024).IndexOfAnyExcept((byte)0xA5).ShouldBe(-1);
        data.Slice(2560, 1536).IndexOfAnyExcept((byte)0xA5).ShouldBe(-1);

        Span<DatasetRange> ranges = MemoryMarshal.Cast<byte, DatasetRange>(data.Slice(PageSize, PageSize));
        ranges[0] = new DatasetRange { StartingBlock = 8, BlockCount = 8 };
        ranges[1] = new DatasetRange { StartingBlock = 32768, BlockCount = 1 };
        SubmissionEntry manage = Io(IoOpcode.DatasetManagement, 0, 1, at + PageSize) with { Dword10 = 1, Dword11 = DatasetRange.Deallocate };
        queue.Execute(manage).Status.ShouldBe(NvmeStatus.LbaOutOfRange);
        queue.Execute(manage with { Dword10 = 0 }).Status.ShouldBe(NvmeStatus.Success);
        queue.Execute(Io(IoOpcode.Read, 8, 8, at)).Status.ShouldBe(NvmeStatus.Success);
        data.Slice(0, PageSize).IndexOfAnyExcept((byte)0).ShouldBe(-1);
    }

    [Fact]
    public async Task Namespaces_are_apart()
    {
        await using RawDriver driver = Start(null, NvmeNamespace.InMemory(1 << 20), NvmeNamespace.InMemory(1 << 20, 4096));
        RawQueue queue = driver.CreateQueue(1);
        DmaBuffer data = driver.Allocate(PageSize);
        data.Span.Fill(1);
        queue.Execute(Io(IoOpcode.Write, 0, 1, data.Iova.Value, namespaceId: 2)).Status.ShouldBe(NvmeStatus.Success);
        queue.Execute(Io(IoOpcode.Read, 0, 8, data.Iova.Value, namespaceId: 1)).Status.ShouldBe(NvmeStatus.Success);
        data.Slice(0, PageSize).IndexOfAnyExcept((byte)0).ShouldBe(-1);
        queue.Execute(Io(IoOpcode.Read, 0, 1, data.Iova.Value, namespaceId: 2)).Status.ShouldBe(NvmeStatus.Success);
        data.Slice(0, PageSize).IndexOfAnyExcept((byte)1).ShouldBe(-1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(128)]
    public async Task Each_of_so_many_queues_works_and_interrupts_by_its_own_vector(int queues)
    {
        await using RawDriver driver = Start(options => options with { IoQueues = queues });
        await driver.EnableVectorsAsync(queues + 1);
        DmaBuffer data = driver.Allocate(PageSize);
        for (int id = 1; id <= queues; id++)
        {
            RawQueue queue = driver.CreateQueue(id, 8, vector: id);
            queue.Submit(Io(IoOpcode.Read, 0, 1, data.Iova.Value));
            await driver.Vectors![id].WaitAsync(TestContext.Current.CancellationToken);
            queue.Take().Status.ShouldBe(NvmeStatus.Success);
        }

        driver.CreateFails(queues + 1);
    }

    [Fact]
    public async Task A_queue_without_interrupts_does_not_interrupt()
    {
        await using RawDriver driver = Start();
        RawQueue queue = driver.CreateQueue(1);
        long before = driver.Controller.ReadStatistics().Interrupts;
        queue.Execute(Io(IoOpcode.Flush, 0, 1, 0)).Status.ShouldBe(NvmeStatus.Success);
        driver.Controller.ReadStatistics().Interrupts.ShouldBe(before);
    }

    [Fact]
    public async Task Interrupts_are_held_back_until_there_are_enough_or_it_was_long_enough()
    {
        await using RawDriver driver = Start();
        await driver.EnableVectorsAsync(2);
        driver.Admin.Execute(Admin10(AdminOpcode.SetFeatures, 0x08, 3 | (255 << 8))).Status.ShouldBe(NvmeStatus.Success); // 4, or 25.5 ms
        RawQueue queue = driver.CreateQueue(1, vector: 1);
        long before = driver.Controller.ReadStatistics().Interrupts;
        for (int i = 0; i < 8; i++)
        {
            queue.Submit(Io(IoOpcode.Flush, 0, 1, 0), rings: false);
        }

        queue.Ring();
        for (int i = 0; i < 8; i++)
        {
            queue.Take().Status.ShouldBe(NvmeStatus.Success);
        }

        await driver.Vectors![1].WaitAsync(TestContext.Current.CancellationToken);
        (driver.Controller.ReadStatistics().Interrupts - before).ShouldBe(1);
        queue.Execute(Io(IoOpcode.Flush, 0, 1, 0)).Status.ShouldBe(NvmeStatus.Success);
        await driver.Vectors[1].WaitAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(NvmeDoorbells.Mapped)]
    [InlineData(NvmeDoorbells.Trapped)]
    public async Task A_driver_that_keeps_its_doorbells_in_a_buffer_rings_only_where_it_is_asked_to(NvmeDoorbells doorbells)
    {
        await using RawDriver driver = Start(options => options with { Doorbells = doorbells });
        DmaBuffer shadow = driver.Allocate(PageSize);
        DmaBuffer events = driver.Allocate(PageSize);
        SubmissionEntry configure = Admin10(AdminOpcode.DoorbellBufferConfig, prp1: shadow.Iova.Value) with { Prp2 = events.Iova.Value };
        driver.Admin.Execute(configure with { Prp2 = events.Iova.Value + 4 }).Status.ShouldBe(NvmeStatus.InvalidField);
        driver.Admin.Execute(configure with { Prp2 = 0x5_0000_0000_0000 }).Status.ShouldBe(NvmeStatus.DataTransferError);
        driver.Admin.Execute(configure).Status.ShouldBe(NvmeStatus.Success);
        RawQueue queue = driver.CreateQueue(1, 16);
        for (uint i = 0; i < 100; i++)
        {
            queue.Submit(Io(IoOpcode.Flush, 0, 1, 0), rings: false);
            uint old = i % 16;
            uint tail = (i + 1) % 16;
            Volatile.Write(ref MemoryMarshal.AsRef<uint>(shadow.Span[8..]), tail);
            Interlocked.MemoryBarrier();
            uint index = Volatile.Read(ref MemoryMarshal.AsRef<uint>(events.Span[8..]));
            if ((ushort)(tail - index - 1) < (ushort)(tail - old))
            {
                driver.WriteDoorbell(2, tail);
            }

            CompletionEntry done;
            long deadline = Environment.TickCount64 + 20_000;
            while (!queue.TryTake(out done, rings: false))
            {
                Environment.TickCount64.ShouldBeLessThan(deadline);
                Thread.Yield();
            }

            Volatile.Write(ref MemoryMarshal.AsRef<uint>(shadow.Span[12..]), tail);
            done.Status.ShouldBe(NvmeStatus.Success);
            if (i % 10 == 0)
            {
                Thread.Sleep(5); // so that it sleeps, and must be rung for
            }
        }
    }

    [Fact]
    public async Task A_read_or_write_allocates_nothing()
    {
        await using RawDriver driver = Start(options => options with { Polling = NvmePolling.Spin });
        RawQueue queue = driver.CreateQueue(1);
        DmaBuffer data = driver.Allocate(PageSize);
        Repeat();
        long least = long.MaxValue;
        for (int run = 0; run < 10; run++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Repeat();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        least.ShouldBeLessThan(1000); // other tests' threads are in it; a thousand commands of even one byte would be more

        void Repeat()
        {
            for (int i = 0; i < 500; i++)
            {
                queue.Execute(Io(IoOpcode.Write, 0, 8, data.Iova.Value));
                queue.Execute(Io(IoOpcode.Read, 0, 8, data.Iova.Value));
            }
        }
    }
}
