using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Devices.Tests.Emulation;

public class RegisterAccessTests
{
    private readonly TestFunction function = new(TestFunction.LayoutOf(
        BarLayout.Memory64(0, 0x1000) with { Memory = [new(0x100, 0x40), new(0x140, 0x10)] }, BarLayout.Msix(2, 1), BarLayout.Io(3, 32)));

    public RegisterAccessTests() => function.PowerOn();

    [Theory]
    [InlineData(0, 8, "read 8 at 0:0")]
    [InlineData(0, 4, "read 4 at 0:0")]
    [InlineData(4, 8, "read 4 at 0:4, read 4 at 0:8")]
    [InlineData(1, 7, "read 1 at 0:1, read 2 at 0:2, read 4 at 0:4")]
    [InlineData(8, 3, "read 2 at 0:8, read 1 at 0:a")]
    [InlineData(0xFFF, 1, "read 1 at 0:fff")]
    [InlineData(0xFE, 4, "read 2 at 0:fe")]
    [InlineData(0x14E, 4, "read 2 at 0:150")]
    public void An_access_is_made_in_the_widest_aligned_pieces(ulong offset, int length, string calls)
    {
        function.Core.Read(0, offset, new byte[length]).ShouldBeTrue();
        function.Calls.ShouldBe(calls.Split(", "));
        function.Calls.Clear();
        function.Core.Write(0, offset, new byte[length]).ShouldBeTrue();
        function.Calls.Select(call => call.Replace("write", "read", StringComparison.Ordinal).Replace(" = 0", "", StringComparison.Ordinal)).ShouldBe(calls.Split(", "));
    }

    [Fact]
    public void Values_are_little_endian()
    {
        function.Reads = (_, offset, _) => 0x1122_3344_5566_7788 + offset;
        byte[] data = new byte[12];
        function.Core.Read(0, 0, data).ShouldBeTrue();
        data.ShouldBe([0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x90, 0x77, 0x66, 0x55]);
        function.Calls.Clear();
        function.Core.Write(0, 2, [1, 2, 3, 4, 5, 6]).ShouldBeTrue();
        function.Calls.ShouldBe(["write 2 at 0:2 = 201", "write 4 at 0:4 = 6050403"]);
    }

    [Fact]
    public void Memory_keeps_what_is_written_and_reaches_no_handler()
    {
        BarMemory memory = function.MemoryOf(0, new ByteRange(0x100, 0x40));
        function.WriteBus(0, 0x108, 8, 0x0102_0304_0506_0708).ShouldBeTrue();
        memory.Read64(8).ShouldBe(0x0102_0304_0506_0708UL);
        memory.Write32(0x3C, 0xAABB_CCDD);
        function.ReadBus(0, 0x13C, 4).ShouldBe(0xAABB_CCDDUL);
        function.ReadBus(0, 0x13D, 1).ShouldBe(0xCCUL);
        function.Calls.ShouldBeEmpty();
    }

    [Fact]
    public void Memory_of_a_BAR_is_read_and_written_in_exact_widths_inside_its_range()
    {
        BarMemory memory = function.MemoryOf(0, new ByteRange(0x100, 0x40));
        memory.CopyFrom(0, [1, 2, 3, 4, 5, 6, 7, 8]);
        (memory.Read8(1), memory.Read16(2), memory.Read32(4), memory.Read64(0)).ShouldBe(((byte)2, (ushort)0x0403, 0x0807_0605u, 0x0807_0605_0403_0201UL));
        memory.Write8(0, 0xFF);
        memory.Write16(2, 0xEEDD);
        byte[] data = new byte[4];
        memory.CopyTo(0, data);
        data.ShouldBe([0xFF, 2, 0xDD, 0xEE]);

        Should.Throw<ArgumentOutOfRangeException>(() => memory.Read8(0x40));
        Should.Throw<ArgumentOutOfRangeException>(() => memory.Write64(0x3C, 0));
        Should.Throw<ArgumentOutOfRangeException>(() => memory.Read32(ulong.MaxValue - 3));
        Should.Throw<ArgumentException>(() => memory.Read32(2));
        Should.Throw<ArgumentOutOfRangeException>(() => memory.CopyTo(0x3D, new byte[4]));
        Should.Throw<ArgumentOutOfRangeException>(() => memory.CopyFrom(ulong.MaxValue, new byte[4]));
    }

    [Theory]
    [InlineData(0, 0xF8, 0x10)]
    [InlineData(0, 0x100, 0x80)]
    [InlineData(0, 0x100, 0)]
    [InlineData(1, 0, 8)]
    [InlineData(2, 0, 8)]
    [InlineData(2, 0x800, 8)]
    [InlineData(3, 0, 8)]
    [InlineData(6, 0, 8)]
    public void What_is_not_all_memory_of_its_own_is_not_given_as_memory(int bar, ulong offset, ulong length) =>
        Should.Throw<ArgumentException>(() => function.MemoryOf(bar, new ByteRange(offset, length)));

    [Fact]
    public void Nothing_answers_where_decoding_is_off()
    {
        function.SetCommand(PciCommand.IoSpace);
        function.ReadBus(0, 0, 4).ShouldBeNull();
        function.ReadBus(2, 0, 4).ShouldBeNull();
        function.WriteBus(0, 0, 4, 0).ShouldBeFalse();
        function.ReadBus(3, 0, 4).ShouldNotBeNull();
        function.SetCommand(PciCommand.MemorySpace);
        function.ReadBus(0, 0, 4).ShouldNotBeNull();
        function.ReadBus(3, 0, 4).ShouldBeNull();
    }

    [Theory]
    [InlineData(0, 0x1000, 1)]
    [InlineData(0, 0xFFD, 4)]
    [InlineData(0, ulong.MaxValue, 4)]
    [InlineData(1, 0, 4)]
    [InlineData(RegionIndex.Rom, 0, 4)]
    [InlineData(8, 0, 4)]
    [InlineData(-1, 0, 4)]
    [InlineData(int.MaxValue, 0, 4)]
    public void Nothing_answers_outside_the_BARs(int region, ulong offset, int length)
    {
        function.Core.Read(region, offset, new byte[length]).ShouldBeFalse();
        function.Core.Write(region, offset, new byte[length]).ShouldBeFalse();
        function.Calls.ShouldBeEmpty();
    }

    [Fact]
    public void A_handler_that_throws_reads_as_all_ones_and_is_told_of()
    {
        var faults = new List<EmulationFaultEventArgs>();
        function.Faulted += (_, fault) => faults.Add(fault);
        function.Reads = (_, offset, _) => offset == 8 ? throw new InvalidOperationException("broken") : 0x11UL;
        function.Writes = (_, _, _, _) => throw new NotSupportedException("broken too");

        function.ReadBus(0, 8, 2).ShouldBe(0xFFFFUL);
        function.ReadBus(0, 16, 2).ShouldBe(0x11UL);
        function.WriteBus(0, 8, 4, 0xAB).ShouldBeTrue();
        faults.Select(fault => fault.Operation).ShouldBe(["read 2 bytes at 0x8 of BAR 0", "write 0xab, 4 bytes, at 0x8 of BAR 0"]);
        faults[0].Exception.Message.ShouldBe("broken");
        faults[1].Exception.ShouldBeOfType<NotSupportedException>();
    }

    [Fact]
    public async Task Handlers_are_called_one_at_a_time()
    {
        int inside = 0;
        int most = 0;
        function.Reads = (_, _, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            Thread.Yield();
            Interlocked.Decrement(ref inside);
            return 0UL;
        };
        function.Writes = (_, offset, width, _) => function.Reads(0, offset, width);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < 500; i++)
            {
                if ((thread & 1) == 0)
                {
                    function.Core.Read(0, 0, new byte[4]);
                }
                else
                {
                    function.Core.Write(0, 0, new byte[4]);
                }
            }
        })));
        most.ShouldBe(1);
    }

    [Fact]
    public async Task Nothing_answers_during_a_reset_but_configuration_space()
    {
        var entered = new TaskCompletionSource();
        var leave = new TaskCompletionSource();
        function.Resets = async () =>
        {
            entered.SetResult();
            await leave.Task;
        };
        Task reset = function.Core.ResetAsync(TestContext.Current.CancellationToken).AsTask();
        await entered.Task;
        function.ReadBus(0, 0, 4).ShouldBeNull();
        function.WriteBus(0, 0x100, 4, 1).ShouldBeFalse();
        function.ReadConfig(0).ShouldBe(0x5678_1234u);
        leave.SetResult();
        await reset;
        function.PowerOn();
        function.ReadBus(0, 0, 4).ShouldNotBeNull();
        function.Calls.ShouldBe(["quiesce", "reset", "resume", "read 4 at 0:0"]);
    }

    [Fact]
    public async Task A_reset_that_fails_tells_so_and_the_function_answers_again()
    {
        function.Resets = () => throw new InvalidOperationException("stuck");
        await Should.ThrowAsync<InvalidOperationException>(async () => await function.Core.ResetAsync(TestContext.Current.CancellationToken));
        function.ReadBus(0, 0, 4).ShouldNotBeNull();
        function.Calls.ShouldContain("resume");
    }

    [Fact]
    public void Accesses_allocate_nothing()
    {
        var quiet = new QuietFunction();
        quiet.PowerOn();
        byte[] data = new byte[4];
        Allocations.Of(() => Access(quiet, data), times: 1000).ShouldBe(0);

        static void Access(QuietFunction function, byte[] data)
        {
            function.Core.Read(0, 8, data);
            function.Core.Write(0, 8, data);
            function.Core.Read(0, 0x100, data);
            function.Core.Write(2, 12, data);
            function.Core.Raise(0);
            function.Core.Read(RegionIndex.Configuration, 0, data);
        }
    }

    private sealed class QuietFunction() : EmulatedFunction(TestFunction.LayoutOf(
        BarLayout.Memory64(0, 0x1000) with { Memory = [new(0x100, 0x40)] }, BarLayout.Msix(2, 1)))
    {
        protected override ulong OnRead(int bar, ulong offset, int width) => 0;

        protected override void OnWrite(int bar, ulong offset, int width, ulong value)
        {
        }
    }
}
