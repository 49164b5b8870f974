using VfioSharp.Devices.Access;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Devices.Tests.Access;

public class GoneFunctionTests
{
    [Theory]
    [InlineData(0x4000)]
    [InlineData(16)]
    [InlineData((6 << 20) + 0x1000)]
    public async Task A_disposed_BAR_reads_as_all_ones_to_its_end_and_takes_no_writes(int length)
    {
        await using MemoryFunction function = MemoryFunction.Create((ulong)length);
        Bar bar = function.MapBar(0);
        bar.Registers.Write32((ulong)length - 4, 1);
        bar.Dispose();
        bar.Registers.Write32(0, 1);
        bar.Registers.Write32((ulong)length - 4, 2);
        bar.Registers.Read8(0).ShouldBe(byte.MaxValue);
        bar.Registers.Read16(0).ShouldBe(ushort.MaxValue);
        bar.Registers.Read32((ulong)length - 4).ShouldBe(uint.MaxValue);
        bar.Registers.Read64((ulong)length - 8).ShouldBe(ulong.MaxValue);
        function.Bytes(length - 4, 4).ShouldBe([1, 0, 0, 0]);
        bar.Dispose();
    }

    [Theory]
    [InlineData(IsolationVerdict.Isolated)]
    [InlineData(IsolationVerdict.NotIsolated)]
    public async Task A_disposed_functions_registers_read_as_all_ones_mapped_or_trapped(IsolationVerdict isolation)
    {
        MemoryFunction function = MemoryFunction.Create(isolation: isolation);
        Bar bar = function.MapBar(0);
        await function.DisposeAsync();
        bar.Registers.Read32(0x1000).ShouldBe(uint.MaxValue);
        bar.Registers.Read32(MemoryFunction.PbaOffset).ShouldBe(uint.MaxValue);
        bar.Registers.Write32(0x1000, 0);
        bar.Registers.Write32(MemoryFunction.PbaOffset, 0);
        function.Configuration.Read32(0).ShouldBe(uint.MaxValue);
        function.Trapped.ShouldBeEmpty();
        Should.Throw<ObjectDisposedException>(() => function.MapBar(0));
        await function.DisposeAsync();
    }

    [Fact]
    public async Task A_lost_function_says_so_and_reads_as_all_ones()
    {
        await using MemoryFunction function = MemoryFunction.Create();
        using Bar bar = function.MapBar(0);
        bool told = false;
        using CancellationTokenRegistration registration = function.Removing.Register(() => told = true);
        function.IsLost.ShouldBeFalse();
        function.Lose();
        function.IsLost.ShouldBeTrue();
        told.ShouldBeTrue();
        bar.Registers.Read32(0).ShouldBe(uint.MaxValue);
        Should.Throw<DeviceLostException>(() => function.MapBar(0)).Message.ShouldContain("memory is gone");
    }

    [Fact]
    public async Task A_function_that_is_asked_for_still_answers_until_it_is_disposed()
    {
        await using MemoryFunction function = MemoryFunction.Create();
        using Bar bar = function.MapBar(0);
        using CancellationTokenRegistration careless = function.Removing.Register(() => throw new InvalidOperationException("a careless callback"));
        function.RequestRemoval();
        function.Removing.IsCancellationRequested.ShouldBeTrue();
        function.IsLost.ShouldBeFalse();
        bar.Registers.Write32(0, 5);
        bar.Registers.Read32(0).ShouldBe(5u);
    }

    [Fact]
    public async Task A_backend_that_does_not_answer_gives_all_ones()
    {
        await using MemoryFunction function = MemoryFunction.Create(isolation: IsolationVerdict.NotIsolated);
        using Bar bar = function.MapBar(0);
        function.Answers = false;
        bar.Registers.Read16(MemoryFunction.PbaOffset).ShouldBe(ushort.MaxValue);
    }

    [Fact]
    public async Task Accesses_under_way_while_a_function_vanishes_end_on_the_register_or_on_ones()
    {
        for (int round = 0; round < 20; round++)
        {
            await using MemoryFunction function = MemoryFunction.Create();
            Bar bar = function.MapBar(0);
            bar.Registers.Write32(0x10, 42);
            using var started = new CountdownEvent(2);
            Task<int>[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
            {
                started.Signal();
                int seen = 0;
                uint value;
                while ((value = bar.Registers.Read32(0x10)) != uint.MaxValue)
                {
                    value.ShouldBe(42u);
                    bar.Registers.Write32(0x20, 1);
                    seen++;
                }

                return seen;
            }))];
            started.Wait(TestContext.Current.CancellationToken);
            function.Lose();
            (await Task.WhenAll(readers)).Length.ShouldBe(2);
        }
    }

    [Fact]
    public async Task Registers_that_nobody_but_the_code_using_them_knows_stay_mapped_during_the_access()
    {
        for (int i = 0; i < 50; i++)
        {
            MemoryFunction function = MemoryFunction.Create();
            Registers registers = function.MapBar(0).Registers;
            await function.DisposeAsync();
            function = null!;
            GC.Collect();
            GC.WaitForPendingFinalizers();
            registers.Read32(0x10).ShouldBe(uint.MaxValue);
        }
    }

    [Fact]
    public async Task A_BAR_of_256_GiB_can_be_replaced_too()
    {
        const ulong Length = 1UL << 38;
        await using MemoryFunction function = MemoryFunction.Create(Length);
        Bar bar = function.MapBar(0);
        bar.Registers.Write64(Length - 8, 5);
        function.Lose();
        bar.Registers.Read64(Length - 8).ShouldBe(ulong.MaxValue);
        bar.Registers.Read64(1UL << 37).ShouldBe(ulong.MaxValue);
    }

    [Fact]
    public async Task A_function_that_turned_memory_decoding_off_itself_can_be_disposed_with_its_BARs_mapped()
    {
        MemoryFunction function = MemoryFunction.Create();
        Bar bar = function.MapBar(0);
        function.WriteRegionCore(RegionIndex.Configuration, 4, [(byte)PciCommand.BusMaster, 0]);
        await function.DisposeAsync();
        function.Command.ShouldBe(PciCommand.None);
        bar.Registers.Read32(0).ShouldBe(uint.MaxValue);
    }

    [Fact]
    public async Task Memory_decoding_stays_on_while_a_BAR_is_mapped_and_bus_mastering_ends_with_the_function()
    {
        MemoryFunction function = MemoryFunction.Create();
        Bar bar = function.MapBar(0);
        Should.Throw<InvalidOperationException>(() => function.Configuration.Write16(4, 0)).Message.ShouldContain("dispose the BARs first");
        Should.Throw<InvalidOperationException>(() => function.Configuration.SetCommand(PciCommand.MemorySpace, false));
        function.Configuration.SetCommand(PciCommand.BusMaster, true);
        function.Configuration.ReadCommand().ShouldBe(PciCommand.BusMaster | PciCommand.MemorySpace);
        bar.Dispose();
        function.Configuration.SetCommand(PciCommand.MemorySpace, false);
        function.Configuration.ReadCommand().ShouldBe(PciCommand.BusMaster);
        await function.DisposeAsync();
        function.Command.ShouldBe(PciCommand.None);
    }
}
