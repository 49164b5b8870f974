using VfioSharp.Pci.Addressing;
using VfioSharp.Tests.Shared;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.Power;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>
/// What the host bridges of POWER8 and of POWER9 have in common. Expected values are those of skiboot (hw/phb3.c, hw/phb4.c) and of QEMU's register
/// headers, pnv_phb3_regs.h and pnv_phb4_regs.h.
/// </summary>
public abstract class IodaTests
{
    private protected const ulong Space64 = 1UL << 60;
    private protected const ulong Window32 = 0xFFFF_0000;

    private readonly int? mismatch;
    private readonly int? unknownPe;
    private readonly int? noTable;

    private protected IodaTests(int? mismatch, int? unknownPe, int? noTable)
    {
        this.mismatch = mismatch;
        this.unknownPe = unknownPe;
        this.noTable = noTable;
    }

    private protected HostMemory Memory { get; } = new();

    private protected abstract IodaUnit Unit { get; }

    private protected abstract IodaDomain BringUp(int servers = 4);

    /// <summary>Gives a source that nobody has to a PE; its interrupt is server 3's, with the source's number.</summary>
    private protected abstract void Give(int source, int pe);

    [Fact]
    public void After_reset_nothing_is_a_message_and_nobody_is_known()
    {
        Unit.IsMessage(Space64).ShouldBeFalse();
        Unit.IsMessage(Window32).ShouldBeFalse();
        MessageFault fault = Unit.Receive(default, Space64, 0).Fault!;
        fault.Text.ShouldBe("the RTT is disabled");
        fault.Code.ShouldBe(noTable);
        Unit.StopsDma(default).ShouldBeTrue();
        Unit.Examine().IsIsolating.ShouldBeTrue();
        Unit.Examine().Reason.ShouldContain("PHB_RTT_BAR");
    }

    [Theory]
    [InlineData(0x0FFF_FFFF_FFFF_FFFFUL, false, false)]
    [InlineData(0x1000_0000_0000_0000UL, true, false)]
    [InlineData(0x1FFF_FFFF_FFFF_FFFFUL, true, false)]
    [InlineData(0x2000_0000_0000_0000UL, false, false)]
    [InlineData(0x3000_0000_0000_0000UL, false, false)] // bit 60, but not alone
    [InlineData(0x0000_0000_FFFE_FFFFUL, false, false)]
    [InlineData(0x0000_0000_FFFF_0000UL, false, true)]
    [InlineData(0x0000_0000_FFFF_FFFFUL, false, true)]
    [InlineData(0x0000_0001_0000_0000UL, false, false)]
    [InlineData(0x0000_0001_FFFF_0000UL, false, false)]
    public void Messages_are_writes_to_the_windows_that_are_enabled(ulong address, bool is64, bool is32)
    {
        Unit.Takes64BitMessages = true;
        Unit.IsMessage(address).ShouldBe(is64);
        Unit.Takes32BitMessages = true;
        Unit.IsMessage(address).ShouldBe(is64 || is32);
        Unit.Takes64BitMessages = false;
        Unit.IsMessage(address).ShouldBe(is32);
    }

    [Theory]
    [InlineData(Space64 | 0x200, 5u, 0x25)] // as firmware gives it
    [InlineData(Space64 | 0x250, 0u, 0x25)] // all in the address
    [InlineData(Space64 | 0x210, 4u, 0x25)] // the data's bits are set in the address's, not added
    [InlineData(Space64 | 0x250, 5u, 0x25)]
    [InlineData(Space64 | 0x200, 0xFFFF_FFE5u, 0x25)] // the data's other bits say nothing
    [InlineData(Space64 | 0x20C, 5u, 0x25)] // nor do the address's lower four
    [InlineData(Space64 | 0x0ABC_DEF1_2340_0200, 5u, 0x25)] // nor those above the number
    [InlineData(Window32 | 0x200, 5u, 0x25)]
    [InlineData(Space64 | 0x7E00, 0x10u, 0x7F0)]
    [InlineData(Window32 | 0x7E00, 0x10u, 0x7F0)]
    [InlineData(Space64, 0u, 0)]
    public void Address_and_data_together_name_a_source(ulong address, uint data, int source)
    {
        BringUp();
        Unit.Map(Sources.Id("01:00.0"), 7);
        Give(source, 7);
        Unit.Receive(Sources.Id("01:00.0"), address, data).Interrupt.ShouldBe(new HostInterrupt(3, (uint)source));
    }

    [Theory]
    [InlineData("00:00.0", 0)]
    [InlineData("00:00.1", 2)]
    [InlineData("00:00.2", 4)]
    [InlineData("00:00.3", 6)]
    [InlineData("03:05.2", 2 * 0x032A)]
    [InlineData("ff:1f.7", 0x1FFFE)]
    public void The_RTT_has_two_bytes_for_each_requester_the_higher_one_first(string requester, int offset)
    {
        BringUp();
        Span<byte> table = Memory.Tables.Single(table => table.Name.Contains("requester", StringComparison.Ordinal)).Bytes;
        table[offset] = 0;
        table[offset + 1] = 0xA5;
        table.Length.ShouldBe(0x20000);
        Unit.PeOf(Sources.Id(requester)).ShouldBe(0xA5);

        Unit.Map(Sources.Id(requester), 0x0012);
        table[offset].ShouldBe((byte)0x00);
        table[offset + 1].ShouldBe((byte)0x12);
        for (int other = 0; other < table.Length; other += 2)
        {
            if (other != offset && Unit.PeOf(new RequesterId((ushort)(other / 2))) != Unit.Pes - 1)
            {
                throw new InvalidOperationException($"the neighbour at 0x{other:x} changed");
            }
        }
    }

    [Fact]
    public void A_message_for_a_source_of_another_PE_is_blocked_and_freezes_the_PE()
    {
        BringUp();
        Unit.Map(Sources.Id("01:00.0"), 7);
        Unit.Map(Sources.Id("01:00.1"), 7);
        Unit.Map(Sources.Id("02:00.0"), 8);
        Give(0x25, 8);
        Give(0x26, 7);
        Unit.StopsDma(Sources.Id("01:00.0")).ShouldBeFalse();

        MessageFault fault = Unit.Receive(Sources.Id("01:00.0"), Space64 | 0x200, 0xABCD_0005).Fault!;
        fault.Text.ShouldBe("the source belongs to another PE than the requester");
        fault.Code.ShouldBe(mismatch);

        // Frozen, an IODA error, of an MSI (type 1), by requester 01:00.0, with the data's lower half; stopped, and the address.
        Unit.States.Read(7).ShouldBe((0x8100_8000_0100_0005UL, 0x9000_0000_0000_0200UL));
        Unit.States.Read(8).ShouldBe((0UL, 0UL));
        foreach (string member in new[] { "01:00.0", "01:00.1" })
        {
            Unit.Receive(Sources.Id(member), Space64 | 0x200, 6).Fault!.Text.ShouldBe("the requester's PE is frozen");
            Unit.StopsDma(Sources.Id(member)).ShouldBeTrue();
        }

        Unit.Receive(Sources.Id("02:00.0"), Space64 | 0x200, 5).IsDelivered.ShouldBeTrue();
        Unit.StopsDma(Sources.Id("02:00.0")).ShouldBeFalse();
    }

    [Fact]
    public void A_requester_in_a_PE_that_is_none_has_neither_messages_nor_DMA()
    {
        BringUp();
        Unit.Map(Sources.Id("01:00.0"), Unit.Pes);
        Give(0, 7);
        Unit.Receive(Sources.Id("01:00.0"), Space64, 0).Fault!.Code.ShouldBe(unknownPe);
        Unit.FaultLog[^1].Fault.Text.ShouldBe("the requester's entry of the RTT names no PE");
        Unit.StopsDma(Sources.Id("01:00.0")).ShouldBeTrue();
        Unit.StopsDma(Sources.Id("01:00.1")).ShouldBeFalse();
    }

    [Fact]
    public void No_message_names_the_source_of_a_pin_or_one_that_is_not_there()
    {
        BringUp();
        Unit.Map(Sources.Id("01:00.0"), 7);
        foreach (int source in new[] { Unit.Sources - 8, Unit.Sources - 1, Unit.Sources, 0xFFFF })
        {
            MessageOutcome outcome = Unit.Receive(Sources.Id("01:00.0"), Space64 | ((ulong)source << 4), 0);
            outcome.Fault.ShouldNotBeNull().Text.ShouldBe("the source number is none of a message's");
        }

        Give(Unit.Sources - 9, 7);
        Unit.Receive(Sources.Id("01:00.0"), Space64 | ((ulong)(Unit.Sources - 9) << 4), 0).IsDelivered.ShouldBeTrue();
        Unit.StopsDma(Sources.Id("01:00.0")).ShouldBeFalse("none of these freezes a PE");
    }

    [Fact]
    public void A_write_that_has_not_a_message_s_shape_is_blocked_and_the_PE_goes_on()
    {
        MessageBlock block = BringUp().Allocate(Sources.Plain("0000:01:00.0", 7), 1)!;
        Unit.ReceiveMisshapen(Sources.Id("01:00.0"), block.Address).IsDelivered.ShouldBeFalse();
        Unit.Blocked.ShouldBe(1);
        Deliver("01:00.0", block).ShouldBe(block.Interrupts);
    }

    [Fact]
    public void A_message_is_judged_without_allocating()
    {
        MessageBlock block = BringUp().Allocate(Sources.Plain("0000:01:00.0", 7), 1)!;
        Unit.FreezesOnMismatch = false;
        var (own, other) = (new RequesterId(0x100), new RequesterId(0x200));
        Allocations.Of(() => Unit.Receive(own, block.Address, block.Data)).ShouldBe(0);
        Allocations.Of(() => Unit.Receive(other, block.Address, block.Data)).ShouldBe(0);
        (Unit.Delivered, Unit.Blocked).ShouldBe((1000, 1000));
    }

    private protected HostInterrupt[] Deliver(string requester, MessageBlock block) =>
        [.. block.Messages.Select(message => Unit.Receive(Sources.Id(requester), message.Address, message.Data)).Where(outcome => outcome.IsDelivered).Select(outcome => outcome.Interrupt)];

    private protected void Apply(IEnumerable<TableWrite> writes)
    {
        foreach (TableWrite write in writes)
        {
            BitConverter.GetBytes(write.Value).CopyTo(Memory.At(write.Address));
        }
    }
}
