using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Devices.Tests.Dma;

public sealed class DmaBufferTests
{
    private readonly RecordingFunction function = RecordingFunction.Create();

    [Fact]
    public void Span_slice_reference_and_memory_are_the_same_bytes()
    {
        using DmaBuffer buffer = function.Dma.Allocate(100);

        buffer.Ref<uint>(24) = 0x04030201;
        buffer.Span[96..].ToArray().ShouldBe([1, 2, 3, 4]);
        buffer.Slice(97, 2).ToArray().ShouldBe([2, 3]);
        buffer.Memory.Span[99].ShouldBe((byte)4);
        buffer.Memory.Length.ShouldBe(100);
        buffer.Slice(100, 0).Length.ShouldBe(0);
    }

    [Theory]
    [InlineData(0, 101)]
    [InlineData(101, 0)]
    [InlineData(100, 1)]
    [InlineData(-1, 1)]
    [InlineData(0, -1)]
    [InlineData(long.MaxValue, int.MaxValue)]
    [InlineData(long.MinValue, 1)]
    public void A_slice_outside_is_refused(long offset, int length)
    {
        using DmaBuffer buffer = function.Dma.Allocate(100);
        Should.Throw<ArgumentOutOfRangeException>(() => buffer.Slice(offset, length).Length);
    }

    [Theory]
    [InlineData(25)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void An_element_outside_is_refused(int index)
    {
        using DmaBuffer buffer = function.Dma.Allocate(103);
        buffer.Ref<uint>(24) = 1;
        Should.Throw<ArgumentOutOfRangeException>(() => buffer.Ref<uint>(index) = 1);
    }

    [Fact]
    public void A_disposed_buffer_gives_nothing()
    {
        DmaBuffer buffer = function.Dma.Allocate(100);
        Memory<byte> memory = buffer.Memory;
        buffer.Dispose();

        Should.Throw<ObjectDisposedException>(() => buffer.Span.Length);
        Should.Throw<ObjectDisposedException>(() => buffer.Slice(0, 0).Length);
        Should.Throw<ObjectDisposedException>(() => buffer.Ref<byte>(0));
        Should.Throw<ObjectDisposedException>(() => buffer.Memory);
        Should.Throw<ObjectDisposedException>(() => memory.Span.Length);
        Should.Throw<ObjectDisposedException>(() => memory.Pin());
        buffer.Length.ShouldBe(100);
    }

    [Fact]
    public void More_than_a_span_holds_is_reached_in_pieces()
    {
        using DmaBuffer buffer = function.Dma.Allocate((long)int.MaxValue + 10);

        Should.Throw<InvalidOperationException>(() => buffer.Span.Length).Message.ShouldContain("Slice");
        Should.Throw<InvalidOperationException>(() => buffer.Memory).Message.ShouldContain("Slice");
        buffer.Slice(int.MaxValue, 10)[9] = 9;
        buffer.Slice((long)int.MaxValue + 9, 1)[0].ShouldBe((byte)9);
        Should.Throw<ArgumentOutOfRangeException>(() => buffer.Ref<byte>(-1));
    }

    [Fact]
    public void The_hot_paths_allocate_nothing()
    {
        using DmaBuffer buffer = function.Dma.Allocate(4096);
        Allocations.Of(() => Use(buffer), times: 1).ShouldBe(0);

        static void Use(DmaBuffer buffer)
        {
            for (int i = 0; i < 1000; i++)
            {
                buffer.Ref<ulong>(i & 511) = (ulong)buffer.Slice(i, 8).Length;
                buffer.Span[i]++;
                buffer.Memory.Span[i]++;
                DmaBarrier.BeforeDoorbell();
                DmaBarrier.AfterCompletion();
            }
        }
    }

    [Fact]
    public async Task Files_are_read_and_written_in_place()
    {
        using DmaBuffer buffer = function.Dma.Allocate(8192);
        string path = Path.GetTempFileName();
        try
        {
            buffer.Span.Fill(0x5a);
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
            await RandomAccess.WriteAsync(file, buffer.Memory[..4096], 0, TestContext.Current.CancellationToken);
            buffer.Span.Clear();
            (await RandomAccess.ReadAsync(file, buffer.Memory[4096..], 0, TestContext.Current.CancellationToken)).ShouldBe(4096);
            buffer.Span[4095].ShouldBe((byte)0);
            buffer.Slice(4096, 4096).ContainsAnyExcept((byte)0x5a).ShouldBeFalse();
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Pinned_memory_outlives_its_buffer_but_not_its_pin()
    {
        DmaBuffer buffer = function.Dma.Allocate(4096);
        long file = ProcessMaps.FileAt(function.Mapped[0].Address);
        MemoryHandle pin = buffer.Memory.Pin();

        buffer.Dispose();
        function.Mapped.ShouldBeEmpty("the function reaches it no more");
        ProcessMaps.Contains(file).ShouldBeTrue("whoever pinned it may be writing to it");

        pin.Dispose();
        ProcessMaps.Contains(file).ShouldBeFalse();
    }

    [Fact]
    public void A_view_of_a_file_is_shown_and_kept_until_the_buffer_is_disposed()
    {
        using var mapped = MemoryMappedFile.CreateNew(null, 4 * Environment.SystemPageSize);
        MemoryMappedViewAccessor view = mapped.CreateViewAccessor();
        SafeBuffer handle = view.SafeMemoryMappedViewHandle;
        view.Write(5, (byte)55);

        DmaBuffer buffer = function.Dma.Map(handle, new DmaOptions { Access = DmaAccess.Write });
        view.Dispose();

        function.Mapped.ShouldHaveSingleItem().File.ShouldBeNull();
        function.Mapped[0].Length.ShouldBe(4ul * (ulong)Environment.SystemPageSize);
        function.Mapped[0].Access.ShouldBe(DmaAccess.Write);
        buffer.Span[5].ShouldBe((byte)55);
        handle.IsClosed.ShouldBeFalse("the function can still reach it");
        buffer.Dispose();
        handle.IsClosed.ShouldBeTrue();
        Should.Throw<ObjectDisposedException>(() => function.Dma.Map(handle));
    }

    [Fact]
    public void A_view_is_let_go_of_where_the_backend_refuses()
    {
        using var mapped = MemoryMappedFile.CreateNew(null, Environment.SystemPageSize);
        using MemoryMappedViewAccessor view = mapped.CreateViewAccessor();
        long file = 0;
        function.OnMap = region =>
        {
            file = ProcessMaps.FileAt(region.Address);
            throw new PciException("VFIO_IOMMU_MAP_DMA", "no");
        };

        Should.Throw<PciException>(() => function.Dma.Map(view.SafeMemoryMappedViewHandle));

        ProcessMaps.Contains(file).ShouldBeTrue("the caller still has it");
        view.Dispose();
        ProcessMaps.Contains(file).ShouldBeFalse("nobody else does");
    }

    [Fact]
    public void Memory_that_does_not_start_and_end_with_pages_is_refused_by_both_ends()
    {
        using DmaBuffer pages = function.Dma.Allocate(2 * Environment.SystemPageSize);
        long start = function.Mapped[0].Address;
        RecordingFunction other = RecordingFunction.Create();

        ArgumentException late = Should.Throw<ArgumentException>(() => other.Dma.Pin(pages.Memory[1..]));
        late.Message.ShouldContain($"0x{start + 1:x}");
        late.Message.ShouldContain($"0x{start + (2 * Environment.SystemPageSize):x}");
        Should.Throw<ArgumentException>(() => other.Dma.Pin(pages.Memory[..^1])).Message
            .ShouldContain($"0x{start + (2 * Environment.SystemPageSize) - 1:x}");
        Should.Throw<ArgumentException>(() => other.Dma.Pin(Memory<byte>.Empty));
        Should.Throw<ArgumentException>(() => other.Dma.Pin(pages.Memory, new DmaOptions { HugePageSize = 2 << 20 }));
        other.Mapped.ShouldBeEmpty();

        pages.Dispose();
        function.Unmapped.Count.ShouldBe(1);
        ProcessMaps.FileAt((nint)start).ShouldBe(0, "no pin is left");
    }

    [Fact]
    public void One_memory_is_shown_to_two_functions()
    {
        DmaBuffer first = function.Dma.Allocate(Environment.SystemPageSize);
        RecordingFunction other = RecordingFunction.Create();
        long file = ProcessMaps.FileAt(function.Mapped[0].Address);

        DmaBuffer second = other.Dma.Pin(first.Memory, new DmaOptions { At = new Iova(1ul << 40) });
        second.Span[3] = 33;

        first.Span[3].ShouldBe((byte)33);
        other.Mapped[0].Address.ShouldBe(function.Mapped[0].Address);
        first.Dispose();
        second.Span[3].ShouldBe((byte)33);
        second.Dispose();
        ProcessMaps.Contains(file).ShouldBeFalse();
    }

    [Fact]
    public async Task What_was_written_before_the_barrier_is_seen_after_it()
    {
        const int Rounds = 200_000;
        using DmaBuffer buffer = function.Dma.Allocate(4096);
        Task<int> device = Task.Run(
            () =>
            {
                int late = 0;
                for (int flag = 0; flag < Rounds;)
                {
                    flag = Volatile.Read(ref buffer.Ref<int>(0));
                    DmaBarrier.AfterCompletion();
                    late += buffer.Ref<int>(512) < flag ? 1 : 0;
                }

                return late;
            },
            TestContext.Current.CancellationToken);
        for (int i = 1; i <= Rounds; i++)
        {
            buffer.Ref<int>(512) = i;
            DmaBarrier.BeforeDoorbell();
            buffer.Ref<int>(0) = i;
        }

        (await device).ShouldBe(0);
    }
}
