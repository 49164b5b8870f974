using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Units.X86;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>Messages that reach the processors as they are written (Intel SDM volume 3A, 12.11).</summary>
public class DirectUnitTests
{
    private readonly DirectUnit unit = new();

    [Theory]
    [InlineData(0xFEE0_0000UL, 0x0030u, 0u, 0x30u)]
    [InlineData(0xFEEF_E000UL, 0x00EFu, 0xFEu, 0xEFu)]
    [InlineData(0xFEE0_1000UL, 0x0141u, 1u, 0x41u)] // lowest priority
    [InlineData(0xFEE0_C004UL, 0x0041u, 2u, 0x41u)] // logical: the first of processors 2 and 3
    [InlineData(0xFEEF_F000UL, 0x0041u, 0u, 0x41u)] // broadcast: the first of all
    [InlineData(0xFEE0_1000UL, 0x0400u, 1u, 2u)] // NMI
    [InlineData(0xFEE0_1000UL, 0x0500u, 1u, 0x105u)] // INIT
    public void Address_and_data_name_processor_and_vector(ulong address, uint data, uint processor, uint vector) =>
        unit.Receive(Sources.Id("00:02.0"), address, data).Interrupt.ShouldBe(new HostInterrupt(processor, vector));

    [Theory]
    [InlineData(0xFEE0_0000UL, 0x000Fu)] // a vector that the local APIC refuses
    [InlineData(0xFEE0_0000UL, 0x0341u)] // a reserved delivery mode
    [InlineData(0xFEE0_0004UL, 0x0041u)] // a logical destination of nobody
    public void Some_messages_are_none(ulong address, uint data) => unit.Receive(default, address, data).IsDelivered.ShouldBeFalse();

    [Theory]
    [InlineData(0xFEDF_FFFCUL, false)]
    [InlineData(0xFEE0_0000UL, true)]
    [InlineData(0xFEEF_FFFCUL, true)]
    [InlineData(0xFEF0_0000UL, false)]
    public void Messages_are_writes_to_the_window(ulong address, bool isMessage) => unit.IsMessage(address).ShouldBe(isMessage);

    [Fact]
    public void Anybody_can_write_anybody_s_message()
    {
        var domain = new DirectDomain(unit, new X86Vectors(2));
        MessageBlock block = domain.Allocate(Sources.Plain("0000:03:05.2"), 2)!;
        block.Messages.Select(message => unit.Receive(Sources.Id("00:02.0"), message.Address, message.Data).Interrupt).ShouldBe(block.Interrupts);
        domain.RootBusFlags.ShouldBe(PciBusFlags.None);
        unit.Examine().IsIsolating.ShouldBeFalse();
    }

    [Fact]
    public void Vectors_are_dealt_out_to_all_processors()
    {
        var domain = new DirectDomain(unit, new X86Vectors(4));
        HostInterrupt[] given = [.. Enumerable.Range(0, 8).SelectMany(_ => domain.Allocate(Sources.Plain("0000:00:01.0"), 1)!.Interrupts)];
        given.Distinct().Count().ShouldBe(8);
        given.Select(interrupt => interrupt.Processor).Distinct().ShouldBe([0u, 1u, 2u, 3u]);
    }
}
