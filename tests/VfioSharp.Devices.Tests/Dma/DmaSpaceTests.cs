using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Tests.Dma;

public sealed class DmaSpaceTests
{
    private const long FreePagesUnknown = -1;

    private static readonly int HostPage = Environment.SystemPageSize;

    [Theory]
    [InlineData(0x1000)]
    [InlineData(0x10000)]
    [InlineData(0x4020_1000)]
    public void Allocated_memory_is_whole_pages_of_both_sides_and_zero(ulong pageSizes)
    {
        RecordingFunction function = RecordingFunction.Create(pageSizes);
        ulong granule = Math.Max(pageSizes & (~pageSizes + 1), (ulong)HostPage);
        function.Dma.PageSize.ShouldBe(pageSizes & (~pageSizes + 1));

        using DmaBuffer one = function.Dma.Allocate(1);
        using DmaBuffer more = function.Dma.Allocate((long)granule + 1, new DmaOptions { Access = DmaAccess.Read });

        one.Length.ShouldBe(1);
        one.Span.Length.ShouldBe(1);
        more.Span.ContainsAnyExcept((byte)0).ShouldBeFalse();
        function.Mapped.Select(region => region.Length).ShouldBe([granule, 2 * granule]);
        function.Mapped.Select(region => region.Access).ShouldBe([DmaAccess.ReadWrite, DmaAccess.Read]);
        function.Mapped.Select(region => region.Iova).ShouldBe([one.Iova, more.Iova]);
        function.Mapped.All(region => region.Iova.Value % granule == 0 && (ulong)region.Address % granule == 0).ShouldBeTrue();
    }

    [Fact]
    public void The_file_shows_what_is_written_cannot_shrink_and_is_closed_afterwards()
    {
        RecordingFunction function = RecordingFunction.Create();
        byte[] seen = new byte[4];
        MemoryFile? file = null;
        function.OnMap = region =>
        {
            file = region.File.ShouldNotBeNull();
            file.GetSeals(out int seals).ShouldBe(Errno.None);
            (seals & FileControl.F_SEAL_SHRINK).ShouldBe(FileControl.F_SEAL_SHRINK);
            file.File.PositionedWrite([1, 2, 3, 4], (long)region.FileOffset, out _).ShouldBe(Errno.None);
        };

        using DmaBuffer buffer = function.Dma.Allocate(4);

        buffer.Span.ToArray().ShouldBe([1, 2, 3, 4]);
        file.ShouldNotBeNull().File.IsClosed.ShouldBeTrue("a buffer must not cost a descriptor");
    }

    [Fact]
    public void Disposing_unmaps_then_frees_then_lets_the_address_be_used_again()
    {
        RecordingFunction function = RecordingFunction.Create();
        DmaBuffer buffer = function.Dma.Allocate(4096);
        Iova iova = buffer.Iova;
        long file = ProcessMaps.FileAt(function.Mapped[0].Address);
        file.ShouldNotBe(0);
        bool wasThere = false;
        function.OnUnmap = region =>
        {
            wasThere = ProcessMaps.Contains(file);
            Should.Throw<ArgumentException>(() => function.Dma.Allocate(1, new DmaOptions { At = iova }), "it is still the function's");
        };

        buffer.Dispose();
        buffer.Dispose();

        wasThere.ShouldBeTrue("the function could still reach it");
        function.Unmapped.ShouldHaveSingleItem().Iova.ShouldBe(iova);
        ProcessMaps.Contains(file).ShouldBeFalse();
        function.Dma.Allocate(1).Iova.ShouldBe(iova);
    }

    [Fact]
    public void Nothing_is_left_behind_where_the_backend_refuses()
    {
        RecordingFunction function = RecordingFunction.Create(maxMappings: 1);
        long file = 0;
        MemoryFile? opened = null;
        function.OnMap = region =>
        {
            file = ProcessMaps.FileAt(region.Address);
            opened = region.File;
            throw new PciException("VFIO_IOMMU_MAP_DMA", "no");
        };

        Should.Throw<PciException>(() => function.Dma.Allocate(4096)).Operation.ShouldBe("VFIO_IOMMU_MAP_DMA");

        file.ShouldNotBe(0);
        ProcessMaps.Contains(file).ShouldBeFalse();
        opened.ShouldNotBeNull().File.IsClosed.ShouldBeTrue();
        function.OnMap = null;
        function.Reset();
        using DmaBuffer buffer = function.Dma.Allocate(4096, new DmaOptions { At = new Iova(0x1000) });
        buffer.Iova.Value.ShouldBe(0x1000ul, "the address and the place among the mappings are free again");
    }

    [Fact]
    public void What_the_backend_cannot_take_away_stays_as_it_is()
    {
        RecordingFunction function = RecordingFunction.Create();
        DmaBuffer buffer = function.Dma.Allocate(4096);
        function.OnUnmap = _ => throw new PciException("VFIO_IOMMU_UNMAP_DMA", "no");

        Should.Throw<PciException>(buffer.Dispose);

        buffer.Span[0] = 1;
        Should.Throw<ArgumentException>(() => function.Dma.Allocate(1, new DmaOptions { At = buffer.Iova }));
        function.OnUnmap = null;
        function.Reset();
        buffer.Dispose();
        Should.Throw<ObjectDisposedException>(() => buffer.Span.Length);
    }

    [Fact]
    public void The_number_of_mappings_is_limited_and_the_message_names_the_parameter()
    {
        RecordingFunction function = RecordingFunction.Create(maxMappings: 2);
        DmaBuffer first = function.Dma.Allocate(1);
        function.Dma.Allocate(1);

        PciException refused = Should.Throw<PciException>(() => function.Dma.Allocate(1));
        refused.Message.ShouldContain("dma_entry_limit");
        refused.Message.ShouldContain("2 buffers");

        first.Dispose();
        function.Dma.Allocate(1).Length.ShouldBe(1);
    }

    [Fact]
    public void Addresses_obey_mask_alignment_and_ranges()
    {
        RecordingFunction function = RecordingFunction.Create(0x1000, int.MaxValue, RecordingFunction.Range(0x3000, 0x1_0000_ffff));
        var low = new DmaOptions { AddressMask = 0xffff };

        function.Dma.Allocate(1).Iova.Value.ShouldBe(0x3000ul);
        function.Dma.Allocate(1, new DmaOptions { Alignment = 0x8000 }).Iova.Value.ShouldBe(0x8000ul);
        function.Dma.Allocate(0x7000, low).Iova.Value.ShouldBe(0x9000ul);
        function.Dma.Allocate(1, new DmaOptions { At = new Iova(0x1_0000_f000) }).Iova.Value.ShouldBe(0x1_0000_f000ul);
        function.Dma.Allocate(0x4000, low).Iova.Value.ShouldBe(0x4000ul);
        PciException refused = Should.Throw<PciException>(() => function.Dma.Allocate(1, low));

        refused.Message.ShouldContain("up to 0xffff");
        refused.Message.ShouldContain("0x3000-0x10000ffff");
    }

    [Theory]
    [InlineData(0x1000, "outside the ranges")]
    [InlineData(0x3800, "no whole page")]
    [InlineData(0x3000, "in use")]
    [InlineData(0x8000, "beyond the mask")]
    public void An_exact_address_that_cannot_be_used_is_refused(ulong at, string why)
    {
        RecordingFunction function = RecordingFunction.Create(0x1000, int.MaxValue, RecordingFunction.Range(0x3000, 0xffff));
        function.Dma.Allocate(1).Iova.Value.ShouldBe(0x3000ul);

        Should.Throw<ArgumentException>(() => function.Dma.Allocate(1, new DmaOptions { At = new Iova(at), AddressMask = 0x7fff }), why)
            .Message.ShouldContain($"0x{at:x} cannot be used");
        function.Mapped.Count.ShouldBe(1);
    }

    [Fact]
    public void Options_out_of_their_range_are_a_programmers_mistake()
    {
        DmaSpace space = RecordingFunction.Create().Dma;
        ImmutableArray<DmaOptions> wrong =
        [
            new() { Access = DmaAccess.None },
            new() { Access = (DmaAccess)4 },
            new() { Access = (DmaAccess)(-1) },
            new() { AddressMask = 0 },
            new() { AddressMask = 0xfff0 },
            new() { Alignment = 3 },
            new() { HugePageSize = -1 },
            new() { HugePageSize = 3 << 20 },
            new() { HugePageSize = HostPage },
        ];

        foreach (DmaOptions options in wrong)
        {
            Should.Throw<ArgumentException>(() => space.Allocate(1, options), options.ToString());
        }

        Should.Throw<ArgumentOutOfRangeException>(() => space.Allocate(0));
        Should.Throw<ArgumentOutOfRangeException>(() => space.Allocate(-1));
        Should.Throw<ArgumentNullException>(() => space.Map(null!));
    }

    [Fact]
    public void More_memory_than_there_can_be_is_refused()
    {
        DmaSpace space = RecordingFunction.Create().Dma;

        Should.Throw<PciException>(() => space.Allocate(long.MaxValue)).Operation.ShouldBe("allocate DMA memory");
        Should.Throw<PciException>(() => space.Allocate(1L << 60)).Message.ShouldContain("0000:01:00.0");
    }

    [Fact]
    public void Huge_pages_come_from_their_pool_or_the_message_says_how_to_fill_it()
    {
        const long Size = 2 << 20;
        const string Pool = "/sys/kernel/mm/hugepages/hugepages-2048kB";
        RecordingFunction function = RecordingFunction.Create();
        var options = new DmaOptions { HugePageSize = Size };
        long free = Directory.Exists(Pool) ? long.Parse(File.ReadAllText($"{Pool}/free_hugepages")) : FreePagesUnknown;
        if (free > 0)
        {
            using DmaBuffer buffer = function.Dma.Allocate(1, options);
            buffer.Span[0].ShouldBe((byte)0);
            (buffer.Iova.Value % Size).ShouldBe(0ul);
            function.Mapped[0].Length.ShouldBe((ulong)Size);
            (function.Mapped[0].Address % Size).ShouldBe(0);
            return;
        }

        Should.Throw<PciException>(() => function.Dma.Allocate(Size + 1, options)).Message
            .ShouldContain(free == 0 ? $"it takes 2 huge pages of 2048 KiB and 0 of 0 are free: write 2 to {Pool}/nr_hugepages" : "no huge pages of 2048 KiB");
        function.Mapped.ShouldBeEmpty();
    }

    [Fact]
    public void Huge_pages_of_a_size_that_no_kernel_has_are_refused() =>
        Should.Throw<PciException>(() => RecordingFunction.Create().Dma.Allocate(1, new DmaOptions { HugePageSize = 1L << 40 }))
            .Message.ShouldContain("no huge pages of 1073741824 KiB");

    [Fact]
    public async Task When_the_function_is_closed_the_memory_is_taken_from_it_and_stays_the_buffers()
    {
        RecordingFunction function = RecordingFunction.Create();
        DmaBuffer buffer = function.Dma.Allocate(4096);
        buffer.Span[7] = 7;
        long file = ProcessMaps.FileAt(function.Mapped[0].Address);

        await function.DisposeAsync();

        function.Mapped.ShouldBeEmpty();
        buffer.Span[7].ShouldBe((byte)7);
        Should.Throw<ObjectDisposedException>(() => function.Dma.Allocate(1));
        buffer.Dispose();
        function.Unmapped.Count.ShouldBe(1);
        ProcessMaps.Contains(file).ShouldBeFalse();
    }

    [Fact]
    public async Task A_backend_that_fails_while_closing_does_not_keep_the_rest_from_being_taken_away()
    {
        RecordingFunction function = RecordingFunction.Create();
        DmaBuffer[] buffers = [function.Dma.Allocate(1), function.Dma.Allocate(1), function.Dma.Allocate(1)];
        int calls = 0;
        function.OnUnmap = _ =>
        {
            function.Reset();
            calls++;
            throw new PciException("VFIO_IOMMU_UNMAP_DMA", "no");
        };

        await function.DisposeAsync();

        calls.ShouldBe(3);
        Array.ForEach(buffers, buffer => buffer.Dispose());
        calls.ShouldBe(3);
    }

    [Fact]
    public async Task A_forgotten_buffer_stays_mapped_while_the_function_is_open_and_goes_after_it()
    {
        RecordingFunction function = RecordingFunction.Create();
        long file = Forget(function);

        Collect();
        function.Mapped.Count.ShouldBe(1);
        ProcessMaps.Contains(file).ShouldBeTrue("the function can still reach it");

        await function.DisposeAsync();
        for (int i = 0; i < 50 && ProcessMaps.Contains(file); i++)
        {
            Collect();
        }

        ProcessMaps.Contains(file).ShouldBeFalse();
        GC.KeepAlive(function);
    }

    [Fact]
    public void A_function_that_is_gone_is_shown_nothing_and_its_buffers_can_be_disposed()
    {
        RecordingFunction function = RecordingFunction.Create();
        DmaBuffer buffer = function.Dma.Allocate(1);
        function.Removing.Register(buffer.Dispose);

        function.Lose();

        Should.Throw<ObjectDisposedException>(() => buffer.Span.Length);
        Should.Throw<DeviceLostException>(() => function.Dma.Allocate(1));
        function.Mapped.ShouldBeEmpty();
    }

    [Fact]
    public async Task Whoever_is_told_of_a_loss_that_mapping_memory_found_may_wait_for_others_that_use_memory()
    {
        RecordingFunction function = RecordingFunction.Create();
        DmaBuffer buffer = function.Dma.Allocate(1);
        var disposed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration told = function.Removing.Register(() =>
        {
            if (Task.Run(buffer.Dispose).Wait(TimeSpan.FromSeconds(10)))
            {
                disposed.SetResult();
            }
        });
        function.OnMap = _ => function.Lose();
        function.Dma.Allocate(1).Dispose();
        await disposed.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Any_number_of_threads_allocate_and_dispose()
    {
        RecordingFunction function = RecordingFunction.Create();
        Parallel.For(0, 8, _ =>
        {
            for (int i = 1; i <= 50; i++)
            {
                using DmaBuffer buffer = function.Dma.Allocate(i * 100);
                buffer.Span.Fill((byte)i);
                buffer.Span.ContainsAnyExcept((byte)i).ShouldBeFalse();
            }
        });

        function.Mapped.ShouldBeEmpty();
        function.Unmapped.Count.ShouldBe(400);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static long Forget(RecordingFunction function)
    {
        function.Dma.Allocate(4096).Span[0] = 1;
        return ProcessMaps.FileAt(function.Mapped[0].Address);
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
