using System.Runtime.InteropServices;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Tests.Interrupts;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Samples.Tests;

/// <summary>Tally as its driver sees it; what is expected stands in samples/Tally/README.md.</summary>
public sealed class TallyTests : IAsyncDisposable
{
    private const ulong Total = 0x08;
    private const ulong Add = 0x10;
    private const ulong Goal = 0x18;
    private const ulong Address = 0x20;
    private const ulong Sum = 0x28;
    private const ulong Failures = 0x30;
    private const ulong PendingBits = 0x800; // of the BAR of MSI-X

    private readonly PciFunction function = Loopback.Attach(new Tally());
    private readonly Bar bar;
    private readonly Bar msix;

    public TallyTests()
    {
        bar = function.MapBar(0);
        msix = function.MapBar(2);
    }

    private Registers Registers => bar.Registers;

    // While nobody has enabled MSI-X, what the function raised is pending, and cannot be missed.
    private bool HasRaised => msix.Registers.Read64(PendingBits) == 1;

    public ValueTask DisposeAsync() => function.DisposeAsync();

    [Fact]
    public void Its_configuration_space_says_what_it_is()
    {
        ConfigurationSpace configuration = function.Configuration.Read();
        configuration.VendorId.ShouldBe((ushort)0x1234);
        configuration.DeviceId.ShouldBe((ushort)0x11E9);
        configuration.ClassCode.ShouldBe(new ClassCode(0xFF, 0, 0));
        function.Bars[0].Kind.ShouldBe(BarKind.Memory64);
        function.Bars[0].Length.ShouldBe(0x1000ul);
        function.MsixVectorCount.ShouldBe(1);
        function.MsiVectorCount.ShouldBe(0);
        function.HasIntx.ShouldBeFalse();
        Registers.Read32(0).ShouldBe(0x594C_4154u);
    }

    [Fact]
    public void No_register_shares_the_page_of_its_table() => function.Msix!.Capability.TableBar.ShouldBe(2);

    [Fact]
    public void What_is_added_makes_the_total()
    {
        Registers.Write32(Add, 5);
        Registers.Write64(Add, 0x1_0000_0000);
        Registers.Write8(Add, 2);
        Registers.Read64(Total).ShouldBe(0x1_0000_0007ul);
        Registers.Read32(Total).ShouldBe(7u);
        Registers.Read32(Total + 4).ShouldBe(1u);
        Registers.Read64(Add).ShouldBe(0ul);
    }

    [Theory]
    [InlineData(0x00, 0x594C_4154)]
    [InlineData(Total, 3)]
    [InlineData(Failures, 0)]
    [InlineData(0x38, 0)]
    [InlineData(0xFF8, 0)]
    public void What_is_read_only_or_not_there_takes_no_writes(ulong offset, ulong expected)
    {
        Registers.Write32(Add, 3);
        Registers.Write64(offset, 42);
        Registers.Read64(offset).ShouldBe(expected);
        Registers.Read64(Total).ShouldBe(3ul);
    }

    [Theory]
    [InlineData(0, 10, 10, true)]
    [InlineData(0, 10, 11, true)]
    [InlineData(0, 10, 9, false)]
    [InlineData(10, 10, 1, false)]
    [InlineData(11, 10, 1, false)]
    [InlineData(5, 0, 1, false)]
    [InlineData(ulong.MaxValue - 1, ulong.MaxValue, 2, true)]
    [InlineData(0, ulong.MaxValue, ulong.MaxValue, true)]
    public void The_addition_that_reaches_the_goal_interrupts(ulong before, ulong goal, ulong amount, bool interrupts)
    {
        Registers.Write64(Add, before);
        Registers.Write64(Goal, goal);
        HasRaised.ShouldBeFalse();
        Registers.Write64(Add, amount);
        HasRaised.ShouldBe(interrupts);
        Registers.Read64(Total).ShouldBe(unchecked(before + amount));
        Registers.Read64(Goal).ShouldBe(goal);
    }

    [Fact]
    public async Task A_goal_interrupts_once_and_the_next_one_again()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, TestContext.Current.CancellationToken);
        foreach (ulong goal in (ulong[])[10, 20])
        {
            Registers.Write64(Goal, goal);
            Registers.Write32(Add, 10);
            await vectors[0].WaitAsync(TestContext.Current.CancellationToken).Soon();
            vectors[0].Mask();
            Registers.Write32(Add, 1);
            HasRaised.ShouldBeFalse();
            vectors[0].Unmask();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(100)]
    [InlineData(4096)]
    public void The_words_of_a_piece_of_memory_are_summed(uint length)
    {
        using DmaBuffer memory = function.Dma.Allocate(8192);
        Span<uint> words = MemoryMarshal.Cast<byte, uint>(memory.Span);
        words.Fill(uint.MaxValue);
        Registers.Write32(Add, 1);
        Registers.Write64(Address, memory.Iova.Value + 2048);
        DmaBarrier.BeforeDoorbell();
        Registers.Write32(Sum, length);
        Registers.Read64(Total).ShouldBe(1 + (length / 4 * (ulong)uint.MaxValue));
        Registers.Read32(Failures).ShouldBe(0u);
        Registers.Read64(Address).ShouldBe(memory.Iova.Value + 2048);
    }

    [Fact]
    public void A_sum_can_reach_the_goal()
    {
        using DmaBuffer memory = function.Dma.Allocate(4096);
        memory.Ref<uint>(0) = 7;
        Registers.Write64(Goal, 7);
        Registers.Write64(Address, memory.Iova.Value);
        Registers.Write32(Sum, 4);
        HasRaised.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(0, 4100)]
    [InlineData(0, 0xFFFF_FFFC)]
    [InlineData(4092, 8)]
    [InlineData(1 << 20, 4)]
    public void A_sum_of_what_cannot_be_read_fails_and_adds_nothing(ulong offset, uint length)
    {
        using DmaBuffer memory = function.Dma.Allocate(4096);
        memory.Span.Fill(1);
        Registers.Write64(Goal, 1);
        Registers.Write64(Address, memory.Iova.Value + offset);
        Registers.Write32(Sum, length);
        Registers.Read32(Failures).ShouldBe(1u);
        Registers.Read64(Total).ShouldBe(0ul);
        HasRaised.ShouldBeFalse();
    }

    [Fact]
    public void Memory_that_was_taken_away_or_is_kept_from_it_cannot_be_summed()
    {
        DmaBuffer memory = function.Dma.Allocate(4096);
        Registers.Write64(Address, memory.Iova.Value);
        function.Configuration.SetCommand(PciCommand.BusMaster, false);
        Registers.Write32(Sum, 4);
        Registers.Read32(Failures).ShouldBe(1u);

        function.Configuration.SetCommand(PciCommand.BusMaster, true);
        memory.Dispose();
        Registers.Write32(Sum, 4);
        Registers.Read32(Failures).ShouldBe(2u);
    }

    [Fact]
    public async Task A_reset_clears_it()
    {
        Registers.Write32(Add, 1);
        Registers.Write64(Goal, 2);
        Registers.Write64(Address, 3);
        Registers.Write32(Sum, 1);
        await function.ResetAsync(TestContext.Current.CancellationToken);
        foreach (ulong offset in (ulong[])[Total, Goal, Address, Failures])
        {
            Registers.Read64(offset).ShouldBe(0ul);
        }

        Registers.Read32(0).ShouldBe(0x594C_4154u);
        Registers.Write32(Add, 2);
        HasRaised.ShouldBeFalse();
    }
}
