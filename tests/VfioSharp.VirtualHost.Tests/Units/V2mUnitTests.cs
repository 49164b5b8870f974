using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Units.Arm;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>A GICv2m frame as the SBSA has it (DEN 0029 2.2): the register raises the SPI that is written to it.</summary>
public class V2mUnitTests
{
    private const ulong Frame = 0x0800_0000;

    private readonly V2mUnit unit = new(firstSpi: 80, count: 64);

    [Theory]
    [InlineData(0x50u, 80u)]
    [InlineData(0x8Fu, 143u)]
    [InlineData(0x0001_0450u, 80u)] // bits 9:0 count
    public void A_write_raises_the_SPI_that_it_names(uint data, uint spi) =>
        unit.Receive(Sources.Id("00:02.0"), Frame + 0x40, data).Interrupt.ShouldBe(new HostInterrupt(0, spi));

    [Theory]
    [InlineData(0x40UL, 0x4Fu, "MSI_TYPER")]
    [InlineData(0x40UL, 0x90u, "MSI_TYPER")]
    [InlineData(0x40UL, 0u, "MSI_TYPER")]
    [InlineData(0x08UL, 0x50u, "0x40")] // MSI_TYPER is read only
    [InlineData(0x44UL, 0x50u, "0x40")]
    [InlineData(0x1040UL, 0x50u, "SMMU")]
    public void All_else_raises_nothing(ulong offset, uint data, string reason)
    {
        unit.Receive(Sources.Id("00:02.0"), Frame + offset, data).Fault!.Text.ShouldContain(reason);
        unit.Blocked.ShouldBe(1);
    }

    [Theory]
    [InlineData(0x07FF_FFFCUL, false)]
    [InlineData(0x0800_0000UL, true)]
    [InlineData(0x080F_FFFCUL, true)]
    [InlineData(0x0810_0000UL, false)]
    public void Messages_are_writes_to_the_window_that_Linux_reserves(ulong address, bool isMessage)
    {
        unit.IsMessage(address).ShouldBe(isMessage);
        new ItsUnit(new()).IsMessage(address).ShouldBe(isMessage);
    }

    [Theory]
    [InlineData(31, 64)]
    [InlineData(32, 0)]
    [InlineData(956, 65)] // the last would be 1020
    public void A_frame_has_SPIs_alone(int first, int count) => Should.Throw<ArgumentOutOfRangeException>(() => new V2mUnit(first, count));

    [Fact]
    public void Anybody_can_raise_anybody_s_interrupts()
    {
        var domain = new V2mDomain(unit, V2mDomain.CreateSpis(unit));
        MessageBlock block = domain.Allocate(Sources.Plain("0000:03:05.2", group: 1), 2)!;
        InterruptMessage[] forged = [.. domain.Forge(block)];
        forged.Length.ShouldBe(4);
        forged.Select(message => unit.Receive(Sources.Id("00:02.0"), message.Address, message.Data).Interrupt).Distinct().ShouldBe(block.Interrupts);
        unit.Examine().IsIsolating.ShouldBeFalse();
        unit.Examine().Reason.ShouldContain("MSI_SETSPI_NS");
        domain.RootBusFlags.ShouldBe(PciBusFlags.None);
        domain.Corrupt(block, block).ShouldBeEmpty("it has no tables");
    }

    [Fact]
    public void SPIs_for_MSI_are_consecutive_and_aligned_and_end_with_the_frame()
    {
        var frame = new V2mUnit(firstSpi: 34, count: 15);
        NumberSpace spis = V2mDomain.CreateSpis(frame);
        var domain = new V2mDomain(frame, spis);
        domain.Allocate(Sources.Plain("0000:00:01.0"), 4)!.Interrupts.Select(spi => spi.Vector).ShouldBe([36u, 37u, 38u, 39u]);
        MessageBlock block = domain.Allocate(Sources.Plain("0000:00:01.0"), 8)!;
        block.Data.ShouldBe(40u);
        domain.Allocate(Sources.Plain("0000:00:01.0"), 8).ShouldBeNull();
        Enumerable.Range(0, 3).ShouldAllBe(_ => domain.Allocate(Sources.Plain("0000:00:01.0"), 1) != null, "34, 35 and 48");
        domain.Allocate(Sources.Plain("0000:00:01.0"), 1).ShouldBeNull();

        new V2mDomain(frame, spis).Allocate(Sources.Plain("0000:80:01.0"), 1).ShouldBeNull("another host bridge has the same frame");
        domain.Free(block);
        domain.Allocate(Sources.Plain("0000:00:02.0"), 8)!.Data.ShouldBe(40u);
    }
}
