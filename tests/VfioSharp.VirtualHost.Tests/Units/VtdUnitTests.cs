using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.Intel;
using VfioSharp.VirtualHost.Units.X86;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>Interrupt remapping as the VT-d specification has it (5.1, chapter 5).</summary>
public class VtdUnitTests
{
    private const ulong Window = 0xFEE0_0000;
    private const ulong Remappable = 0x10;

    private readonly HostMemory memory = new();
    private readonly VtdUnit unit;

    public VtdUnitTests() => unit = new VtdUnit(memory, 256);

    [Fact]
    public void After_reset_a_message_is_delivered_as_it_is_written()
    {
        unit.Receive(Sources.Id("00:02.0"), Window | (5 << 12), 0x41).Interrupt.ShouldBe(new HostInterrupt(5, 0x41));
        unit.Examine().IsIsolating.ShouldBeFalse();
        unit.Examine().Reason.ShouldContain("IRES");
    }

    [Theory]
    [InlineData(false, false, 0x25)]
    [InlineData(false, true, 0x25)]
    [InlineData(true, false, null)]
    [InlineData(true, true, 0x25)]
    public void The_compatibility_format_passes_only_where_it_is_allowed_and_never_in_extended_mode(bool isAllowed, bool isExtended, int? fault)
    {
        unit.IsRemapping = true;
        unit.AllowsCompatibilityFormat = isAllowed;
        unit.IsExtended = isExtended;
        MessageOutcome outcome = unit.Receive(Sources.Id("00:02.0"), Window, 0x23);
        outcome.Fault?.Code.ShouldBe(fault);
        outcome.IsDelivered.ShouldBe(fault is null);
    }

    [Theory]
    [InlineData(0x00u, 0u, 0)] // handle alone
    [InlineData(0x11u << 5, 0u, 0x11)]
    [InlineData((0x11u << 5) | 8, 2u, 0x13)] // SHV: the data adds to it
    [InlineData((0x11u << 5) | 3, 0u, 0x11)] // bits 1:0 are ignored
    [InlineData(0x11u << 5, 0xABCD0002u, 0x11)] // without SHV the data is
    public void A_message_names_an_entry_by_its_handle_and_subhandle(uint bits, uint data, int entry)
    {
        unit.IsRemapping = true;
        unit.Write(entry, VtdEntry.To(1, 0x40, false).OnlyFor(Sources.Id("00:02.0")));
        unit.Receive(Sources.Id("00:02.0"), Window | Remappable | bits, data).Interrupt.ShouldBe(new HostInterrupt(1, 0x40));
    }

    [Fact]
    public void The_handle_s_high_bit_is_bit_2_of_the_address()
    {
        var large = new VtdUnit(memory, 65536) { IsRemapping = true };
        large.Write(0x8001, VtdEntry.To(1, 0x40, false).OnlyFor(Sources.Id("00:02.0")));
        large.Receive(Sources.Id("00:02.0"), Window | Remappable | (1 << 5) | 4, 0).IsDelivered.ShouldBeTrue();
        large.Receive(Sources.Id("00:02.0"), Window | Remappable | (0x7FFF << 5) | 4 | 8, 1).Fault!.Code.ShouldBe(0x21, "the sum does not wrap");
    }

    [Theory]
    [InlineData((256u << 5), 0u, 0x21)] // beyond the table
    [InlineData((255u << 5) | 8, 1u, 0x21)]
    [InlineData(7u << 5, 0u, 0x22)] // not present
    [InlineData(8, 0x10000u, 0x20)] // the data's upper half is reserved with SHV
    public void What_names_no_entry_is_blocked(uint bits, uint data, int fault)
    {
        unit.IsRemapping = true;
        unit.Write(0, VtdEntry.To(1, 0x40, false));
        unit.Receive(Sources.Id("00:02.0"), Window | Remappable | bits, data).Fault!.Code.ShouldBe(fault);
    }

    [Theory]
    [InlineData(1UL << 12, 0UL)]
    [InlineData(1UL << 15, 0UL)] // posted, which it has not
    [InlineData(1UL << 24, 0UL)]
    [InlineData(1UL << 32, 0UL)] // outside extended mode
    [InlineData(0UL, 1UL << 20)]
    [InlineData(0UL, 3UL << 18)] // SVT 11
    public void An_entry_with_reserved_bits_delivers_nothing(ulong low, ulong high)
    {
        unit.IsRemapping = true;
        VtdEntry entry = VtdEntry.To(1, 0x40, false);
        unit.Write(3, new VtdEntry(entry.Low | low, entry.High | high));
        unit.Receive(Sources.Id("00:02.0"), Window | Remappable | (3 << 5), 0).Fault!.Code.ShouldBe(0x24);
    }

    [Theory]
    [InlineData(0, "03:05.6", false)] // SQ 00: all bits
    [InlineData(0, "03:05.2", true)]
    [InlineData(1, "03:05.6", true)] // SQ 01: without the third bit
    [InlineData(1, "03:05.0", false)]
    [InlineData(2, "03:05.4", true)] // SQ 10: without the second and third
    [InlineData(2, "03:05.3", false)]
    [InlineData(3, "03:05.7", true)] // SQ 11: without all three
    [InlineData(3, "03:06.2", false)]
    public void A_source_is_checked_as_far_as_the_qualifier_says(int qualifier, string requester, bool isAdmitted)
    {
        unit.IsRemapping = true;
        VtdEntry entry = VtdEntry.To(1, 0x40, false).OnlyFor(Sources.Id("03:05.2"));
        unit.Write(3, entry with { High = entry.High | ((ulong)qualifier << 16) });
        MessageOutcome outcome = unit.Receive(Sources.Id(requester), Window | Remappable | (3 << 5), 0);
        outcome.IsDelivered.ShouldBe(isAdmitted);
        outcome.Fault?.Code.ShouldBe(0x26);
    }

    [Theory]
    [InlineData("03:1f.7", false)]
    [InlineData("04:00.0", true)]
    [InlineData("06:1f.7", true)]
    [InlineData("07:00.0", false)]
    public void A_source_may_be_any_of_a_range_of_buses(string requester, bool isAdmitted)
    {
        unit.IsRemapping = true;
        unit.Write(3, VtdEntry.To(1, 0x40, false).OnlyForBuses(4, 6));
        unit.Receive(Sources.Id(requester), Window | Remappable | (3 << 5), 0).IsDelivered.ShouldBe(isAdmitted);
    }

    [Fact]
    public void Extended_mode_names_processors_by_32_bits()
    {
        unit.IsRemapping = true;
        unit.IsExtended = true;
        unit.Write(0, VtdEntry.To(0x12345, 0x40, true));
        unit.Receive(default, Window | Remappable, 0).Interrupt.ShouldBe(new HostInterrupt(0x12345, 0x40));
    }

    [Fact]
    public void A_blocked_message_is_counted_and_recorded()
    {
        unit.IsRemapping = true;
        for (uint i = 0; i < 70; i++)
        {
            unit.Receive(Sources.Id("00:02.0"), Window, i);
        }

        unit.Blocked.ShouldBe(70);
        unit.Delivered.ShouldBe(0);
        unit.FaultLog.Length.ShouldBe(64);
        unit.FaultLog[0].Data.ShouldBe(6u);
        unit.FaultLog[^1].ToString().ShouldBe("00:02.0 wrote 0x45 to 0xfee00000: 0x25: the compatibility format is blocked");
    }

    [Fact]
    public void Linux_ties_an_entry_to_the_function_s_own_id()
    {
        var domain = new VtdDomain(unit, new X86Vectors(4));
        MessageBlock block = domain.Allocate(Sources.Plain("0000:03:05.2"), 1)!;
        Deliver("03:05.2", block).ShouldBe([block.Interrupts[0]]);
        Deliver("03:05.3", block).ShouldBeEmpty();
        unit.Examine().IsIsolating.ShouldBeTrue();
        domain.RootBusFlags.ShouldBe(PciBusFlags.MsiIsolated);
    }

    [Fact]
    public void Linux_ties_an_entry_to_the_buses_behind_a_pcie_to_pci_bridge()
    {
        var domain = new VtdDomain(unit, new X86Vectors(4));
        MessageBlock block = domain.Allocate(Sources.BehindPcieToPci("0000:07:03.0", bridgeBus: 4, secondaryBus: 6), 1)!;
        Deliver("06:00.0", block).Length.ShouldBe(1);
        Deliver("07:03.0", block).Length.ShouldBe(1);
        Deliver("05:00.0", block).ShouldBeEmpty();
        Deliver("08:00.0", block).ShouldBeEmpty();
    }

    [Fact]
    public void Linux_ties_an_entry_to_the_id_of_a_conventional_bridge()
    {
        var domain = new VtdDomain(unit, new X86Vectors(4));
        MessageBlock block = domain.Allocate(Sources.BehindConventional("0000:07:03.0", "00:1e.0"), 1)!;
        Deliver("00:1e.0", block).Length.ShouldBe(1);
        Deliver("07:03.0", block).ShouldBeEmpty();
    }

    [Fact]
    public void Without_source_checks_anybody_can_use_an_entry()
    {
        var domain = new VtdDomain(unit, new X86Vectors(4), checksSources: false);
        MessageBlock block = domain.Allocate(Sources.Plain("0000:03:05.2"), 1)!;
        Deliver("00:02.0", block).ShouldBe([block.Interrupts[0]]);
        unit.Examine().IsIsolating.ShouldBeFalse();
        unit.Examine().Reason.ShouldContain("SVT");
        domain.RootBusFlags.ShouldBe(PciBusFlags.None);
    }

    [Fact]
    public void The_vectors_of_msi_are_entries_in_a_row()
    {
        var domain = new VtdDomain(unit, new X86Vectors(4));
        domain.Allocate(Sources.Plain("0000:00:01.0"), 1);
        MessageBlock block = domain.Allocate(Sources.Plain("0000:00:02.0"), 8)!;
        Deliver("00:02.0", block).ShouldBe(block.Interrupts);
        block.Interrupts.Distinct().Count().ShouldBe(8);
    }

    [Fact]
    public void What_was_freed_delivers_nothing_and_is_given_again()
    {
        var domain = new VtdDomain(unit, new X86Vectors(1));
        List<MessageBlock> blocks = [];
        while (domain.Allocate(Sources.Plain("0000:00:02.0"), 4) is { } block)
        {
            blocks.Add(block);
        }

        blocks.Count.ShouldBe(47, "188 vectors");
        domain.Free(blocks[20]);
        Deliver("00:02.0", blocks[20]).ShouldBeEmpty();
        Deliver("00:02.0", blocks[21]).Length.ShouldBe(4);
        domain.Allocate(Sources.Plain("0000:00:03.0"), 4).ShouldNotBeNull().Interrupts.ShouldBe(blocks[20].Interrupts);
        domain.Allocate(Sources.Plain("0000:00:03.0"), 1).ShouldBeNull();
    }

    [Fact]
    public void Every_forged_form_of_a_message_is_blocked_for_others_and_each_would_be_delivered_on_some_host()
    {
        var domain = new VtdDomain(unit, new X86Vectors(4));
        MessageBlock block = domain.Allocate(Sources.Plain("0000:03:05.2"), 2)!;
        InterruptMessage[] forged = [.. domain.Forge(block)];
        forged.ShouldAllBe(message => !unit.Receive(Sources.Id("00:02.0"), message.Address, message.Data).IsDelivered);

        unit.AllowsCompatibilityFormat = true;
        forged.Select(message => unit.Receive(Sources.Id("03:05.2"), message.Address, message.Data)).ShouldAllBe(outcome => outcome.IsDelivered);
        forged.Select(message => unit.Receive(Sources.Id("03:05.2"), message.Address, message.Data).Interrupt).Distinct().ShouldBe(block.Interrupts, ignoreOrder: true);
    }

    [Fact]
    public void Whoever_reaches_the_table_raises_what_he_likes()
    {
        var domain = new VtdDomain(unit, new X86Vectors(4));
        MessageBlock own = domain.Allocate(Sources.Plain("0000:00:02.0"), 1)!;
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:03:05.2"), 1)!;
        foreach (TableWrite write in domain.Corrupt(own, victim))
        {
            BitConverter.GetBytes(write.Value).CopyTo(memory.At(write.Address));
        }

        Deliver("00:02.0", own).ShouldBe(victim.Interrupts);
    }

    private HostInterrupt[] Deliver(string requester, MessageBlock block) =>
        [.. block.Messages.Select(message => unit.Receive(Sources.Id(requester), message.Address, message.Data)).Where(outcome => outcome.IsDelivered).Select(outcome => outcome.Interrupt)];
}
