using System.Buffers.Binary;
using VfioSharp.Pci.Addressing;
using VfioSharp.Tests.Shared;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.Amd;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>Interrupt remapping as the AMD IOMMU specification has it (48882, revision 3.11, 2.2.2 and 2.2.5). Entries are written here by their bits.</summary>
public class AmdViUnitTests
{
    private const ulong Window = 0xFEE0_0000;
    private const ulong InterruptRange = 0xFD_F800_0000;
    private const ulong Logical = 1 << 2;

    private const ulong Valid = 1;
    private const ulong Forward = 1UL << 60;
    private const ulong Remap = 2UL << 60;

    private static readonly RequesterId Sender = Sources.Id("03:05.2");

    private readonly HostMemory memory = new();
    private readonly AmdViUnit unit;
    private readonly ulong table;

    public AmdViUnitTests()
    {
        unit = new AmdViUnit(memory, 4) { IsEnabled = true };
        table = unit.AddressOf(1);
    }

    [Fact]
    public void After_reset_a_message_is_delivered_as_it_is_written()
    {
        var fresh = new AmdViUnit(memory, 1);
        fresh.Receive(Sender, Window | (5 << 12), 0x41).Interrupt.ShouldBe(new HostInterrupt(5, 0x41));
        fresh.Receive(Sender, InterruptRange | (0x41 << 16) | (5 << 8), 0).Interrupt.ShouldBe(new HostInterrupt(5, 0x41));
        fresh.Examine().IsIsolating.ShouldBeFalse();
        fresh.Examine().Reason.ShouldContain("IommuEn");
    }

    [Fact]
    public void An_entry_of_all_zeros_lets_everything_pass()
    {
        unit.Receive(Sender, Window | (5 << 12), 0x41).Interrupt.ShouldBe(new HostInterrupt(5, 0x41));
        unit.Receive(Sender, Window | (5 << 12), 0x441).Interrupt.ShouldBe(new HostInterrupt(5, 2), "an NMI");
    }

    [Fact]
    public void The_sender_s_id_selects_32_bytes_of_the_device_table()
    {
        ulong devices = memory.Tables.Single(candidate => candidate.Name == "AMD-Vi device table").Address;
        WriteWord(devices + (32 * 0x2AUL) + 16, Valid | (3 << 1) | table | Remap);
        WriteWord(table, 0x0040_0501_0000_0000);
        unit.Receive(Sources.Id("00:05.2"), Window, 1).Interrupt.ShouldBe(new HostInterrupt(5, 0x40));
        unit.Receive(Sources.Id("00:05.1"), Window | (7 << 12), 0x91).Interrupt.ShouldBe(new HostInterrupt(7, 0x91), "that of another says nothing");
    }

    [Theory]
    [InlineData(0UL, 0UL)]
    [InlineData(0UL, 3UL)]
    [InlineData(3UL, 0UL)]
    public void Whether_addresses_are_translated_does_not_matter_to_messages(ulong low, ulong other)
    {
        Map(3);
        unit.Write(Sender, unit.Read(Sender) with { Low = low });
        WriteWord(table, 0x0040_0501);
        unit.Receive(Sender, Window, 0).Interrupt.ShouldBe(new HostInterrupt(5, 0x40));

        unit.Write(Sender, new AmdViDeviceEntry(other, Valid, 0));
        unit.Receive(Sender, Window, 0x41).Fault!.Code.ShouldBe(8);
    }

    [Theory]
    [InlineData(0x000u, 0)]
    [InlineData(0x007u, 7)]
    [InlineData(0x0FFu, 0xFF)]
    [InlineData(0x1FFu, 0x1FF)] // bit 8 is the delivery mode of an arbitrated interrupt
    [InlineData(0xFFFF_F811u, 0x11)] // bits above 10 are ignored
    public void A_message_names_an_entry_by_its_data(uint data, int entry)
    {
        Map(9);
        WriteWord(table + ((ulong)(entry & ~1) * 4), (entry & 1) == 0 ? 0x0040_0501UL : 0x0040_0501_0000_0000);
        ulong[] addresses = [Window, Window | 0xFF000, Window | 0xFF8, Window | Logical];
        addresses.ShouldAllBe(address => unit.Receive(Sender, address, data).Interrupt == new HostInterrupt(5, 0x40), "the address does not matter");
        unit.Receive(Sender, Window, data ^ 2).IsDelivered.ShouldBeFalse();
    }

    [Theory]
    [InlineData(0x040u)]
    [InlineData(0x1FFu)]
    public void A_write_to_the_interrupt_range_is_the_same_message(uint index)
    {
        Map(9);
        WriteWord(table + ((ulong)(index & ~1u) * 4), (index & 1) == 0 ? 0x0040_0501UL : 0x0040_0501_0000_0000);
        ulong address = InterruptRange | ((index & 0xFF) << 16) | ((index >> 8) << 2);
        unit.Receive(Sender, address, 0xFFFF_FFFF).Interrupt.ShouldBe(new HostInterrupt(5, 0x40));
        unit.Receive(Sender, address ^ (1 << 16), 0).IsDelivered.ShouldBeFalse();
    }

    [Theory]
    [InlineData(0, 0u, 1u)]
    [InlineData(1, 1u, 2u)]
    [InlineData(5, 31u, 32u)]
    [InlineData(8, 255u, 256u)]
    [InlineData(9, 511u, null)] // no data of these types is larger
    public void The_table_s_length_is_a_power_of_two(int length, uint last, uint? beyond)
    {
        Map(length);
        WriteWord(table + ((last & ~1UL) * 4), 0x0040_0501_0040_0501);
        unit.Receive(Sender, Window, last).IsDelivered.ShouldBeTrue();
        if (beyond is { } index)
        {
            WriteWord(table + ((index & ~1UL) * 4), 0x0040_0501_0040_0501);
            unit.Receive(Sender, Window, index).Fault.ShouldNotBeNull().Code.ShouldBe(2);
        }
    }

    [Theory]
    [InlineData(false, 0x5FFu, false)] // an INIT, which has no logical destination
    [InlineData(false, 0x1FFu, true)]
    [InlineData(true, 0x5FFu, true)]
    [InlineData(true, 0x7FFu, true)]
    [InlineData(true, 0x1FFu, true)]
    public void A_table_of_2048_entries_is_reached_by_messages_with_a_logical_destination_where_that_is_enabled(bool isEnabled, uint index, bool isDelivered)
    {
        unit.RemapsAllTypes = isEnabled;
        Map(11);
        WriteWord(table + ((index & ~1UL) * 4), 0x0040_0501_0000_0000);
        MessageOutcome outcome = unit.Receive(Sender, Window | Logical, index);
        outcome.IsDelivered.ShouldBe(isDelivered);
        outcome.Fault?.Code.ShouldBe(2);
        unit.Receive(Sender, InterruptRange | ((index & 0xFF) << 16) | (1 << 6) | ((index >> 8) << 2), 0).ShouldBe(outcome);
        unit.Receive(Sender, Window, 0x5FF).IsDelivered.ShouldBeFalse("with a physical one it is an INIT");
    }

    [Theory]
    [InlineData(0x0040_0501UL, 0UL, 5u, 0x40u)]
    [InlineData(0x00EF_FE01UL, 0UL, 0xFEu, 0xEFu)]
    [InlineData(0x0040_0505UL, 0UL, 5u, 0x40u)] // arbitrated
    [InlineData(0x0040_0C41UL, 0UL, 2u, 0x40u)] // logical: the first of processors 2 and 3
    [InlineData(0x0040_0523UL, 0UL, 5u, 0x40u)] // SupIOPF and RqEoi
    public void A_basic_entry_has_32_bits(ulong low, ulong high, uint processor, uint vector) => Deliver(low, high).ShouldBe(new HostInterrupt(processor, vector));

    [Theory]
    [InlineData(0x501UL, 0x40UL, 5u, 0x40u)]
    [InlineData(0xFE27UL, 0xEFUL, 0xFEu, 0xEFu)]
    [InlineData(0x0C41UL, 0x40UL, 2u, 0x40u)]
    public void With_GAEn_an_entry_has_128_bits(ulong low, ulong high, uint processor, uint vector)
    {
        unit.HasWideEntries = true;
        Deliver(low, high).ShouldBe(new HostInterrupt(processor, vector));
    }

    [Theory]
    [InlineData(0x0000_0501UL, 0x0000_0000_0000_0040UL, 5u, 0x40u)]
    [InlineData(0x2345_6701UL, 0x0100_0000_0000_00EFUL, 0x0123_4567u, 0xEFu)]
    [InlineData(0xFFFF_FE01UL, 0xFF00_0000_0000_0040UL, 0xFFFF_FFFEu, 0x40u)]
    public void With_XTEn_too_it_names_processors_by_32_bits(ulong low, ulong high, uint processor, uint vector)
    {
        unit.HasWideEntries = true;
        unit.IsExtended = true;
        Deliver(low, high).ShouldBe(new HostInterrupt(processor, vector));
    }

    [Fact]
    public void XTEn_alone_changes_nothing()
    {
        unit.IsExtended = true;
        Deliver(0x0040_0501, 0).ShouldBe(new HostInterrupt(5, 0x40));
    }

    [Theory]
    [InlineData(false, false, 1UL << 24, 0UL)]
    [InlineData(false, false, 1UL << 31, 0UL)]
    [InlineData(false, false, 1UL << 7, 0UL)] // for a guest, which this unit has not
    [InlineData(false, false, 1UL << 3, 0UL)] // interrupt types from 2 up
    [InlineData(false, false, 1UL << 4, 0UL)]
    [InlineData(true, false, 1UL << 16, 0UL)]
    [InlineData(true, false, 1UL << 63, 0UL)]
    [InlineData(true, false, 1UL << 7, 0UL)]
    [InlineData(true, false, 1UL << 4, 0UL)]
    [InlineData(true, false, 0UL, 1UL << 8)]
    [InlineData(true, false, 0UL, 1UL << 63)]
    [InlineData(true, true, 1UL << 32, 0UL)]
    [InlineData(true, true, 1UL << 7, 0UL)]
    [InlineData(true, true, 0UL, 1UL << 8)]
    [InlineData(true, true, 0UL, 1UL << 55)]
    public void An_entry_with_reserved_bits_delivers_nothing(bool isWide, bool isExtended, ulong low, ulong high)
    {
        unit.HasWideEntries = isWide;
        unit.IsExtended = isExtended;
        ulong good = isWide ? 0x501UL : 0x0040_0501;
        Deliver(good, isWide ? 0x40UL : 0).ShouldNotBeNull();
        Deliver(good | low, (isWide ? 0x40UL : 0) | high).ShouldBeNull();
        unit.FaultLog[^1].Fault.Code.ShouldBe(2);
    }

    [Theory]
    [InlineData(0x0040_0500UL, 0UL)]
    [InlineData(0xFFFF_FFFEUL, 0UL)] // whatever else it holds
    public void An_entry_that_is_not_enabled_delivers_nothing(ulong low, ulong high)
    {
        Deliver(low, high).ShouldBeNull();
        unit.FaultLog[^1].Fault.ToString().ShouldBe("0x02: the entry is not enabled (RemapEn)");
    }

    [Theory]
    [InlineData(0UL, 0UL)]
    [InlineData(1UL << 5, 0UL)] // IG
    [InlineData(0UL, 2UL)] // SupIOPF
    [InlineData(1UL << 5, 2UL)]
    public void Not_to_log_is_not_to_let_pass(ulong device, ulong entry)
    {
        unit.Write(Sender, new AmdViDeviceEntry(3, Valid | (3 << 1) | table | Remap | device, 0));
        WriteWord(table, entry);
        unit.Receive(Sender, Window, 0).Fault!.Code.ShouldBe(2);
        unit.Blocked.ShouldBe(1);
        unit.FaultLog.Length.ShouldBe(1);
    }

    [Theory]
    [InlineData(1UL << 52, 0UL)]
    [InlineData(1UL << 53, 0UL)]
    [InlineData(1UL << 54, 0UL)] // guest paging
    [InlineData(1UL << 55, 0UL)]
    [InlineData(1UL << 59, 0UL)] // secure ATS
    [InlineData(0UL, 1UL)]
    [InlineData(0UL, 1UL << 14)]
    [InlineData(3UL << 60, 0UL)] // IntCtl 11
    [InlineData(12UL << 1, 0UL)] // IntTabLen from 12 up
    [InlineData(15UL << 1, 0UL)]
    public void A_device_table_entry_with_reserved_bits_admits_nothing(ulong interrupts, ulong high)
    {
        const ulong AllPasses = (7UL << 56) | (3UL << 62);
        unit.Write(Sender, new AmdViDeviceEntry(3, Valid | table | Remap | AllPasses | interrupts, high));
        WriteWord(table, 0x0040_0501);
        unit.Receive(Sender, Window, 0).Fault!.Code.ShouldBe(1);
        unit.Receive(Sender, Window, 0x400).Fault!.Code.ShouldBe(1);
        unit.Receive(Sender, Window, 0x500).Fault!.Code.ShouldBe(1);
    }

    [Fact]
    public void A_table_s_length_matters_only_where_there_is_a_table()
    {
        unit.Write(Sender, new AmdViDeviceEntry(3, Valid | (12 << 1), 0));
        unit.Receive(Sender, Window, 0).Fault!.Code.ShouldBe(8);
        unit.Write(Sender, new AmdViDeviceEntry(3, Valid | (12 << 1) | Forward, 0));
        unit.Receive(Sender, Window | (5 << 12), 0x41).Interrupt.ShouldBe(new HostInterrupt(5, 0x41));
    }

    [Fact]
    public void A_table_may_be_anywhere_in_memory_but_must_be_there()
    {
        HostTable elsewhere = memory.Allocate("elsewhere", 24);
        unit.Write(Sender, new AmdViDeviceEntry(3, Valid | (3 << 1) | elsewhere.Address | Remap, 0));
        elsewhere.Write(2, 0x0040_0501_0041_0601);
        unit.Receive(Sender, Window, 4).Interrupt.ShouldBe(new HostInterrupt(6, 0x41));
        unit.Receive(Sender, Window, 5).Interrupt.ShouldBe(new HostInterrupt(5, 0x40));
        unit.Receive(Sender, Window, 6).Fault!.Code.ShouldBe(4);

        unit.HasWideEntries = true;
        elsewhere.Write(2, 0x501);
        unit.Receive(Sender, Window, 1).Fault!.Code.ShouldBe(4, "half of it");

        unit.Write(Sender, new AmdViDeviceEntry(3, Valid | (3 << 1) | 0x000F_FFFF_FFFF_FF80 | Remap, 0));
        unit.Receive(Sender, Window, 0).Fault!.Code.ShouldBe(4);
    }

    [Theory]
    [InlineData(0xFCFF_FFFF_FCUL, false)]
    [InlineData(0xFD_0000_0000UL, true)]
    [InlineData(0xFD_F8FF_FFFCUL, true)]
    [InlineData(0xFD_F900_0000UL, false)] // legacy PIC and other uses, which are no interrupts
    [InlineData(0xFEDF_FFFCUL, false)]
    [InlineData(0xFEE0_0000UL, true)]
    [InlineData(0xFEEF_FFFCUL, true)]
    [InlineData(0xFEF0_0000UL, false)]
    public void Messages_are_writes_to_the_window_and_to_the_interrupt_space(ulong address, bool isMessage) => unit.IsMessage(address).ShouldBe(isMessage);

    [Theory]
    [InlineData(0xFD_0000_0000UL)]
    [InlineData(0xFD_F7FF_FFFCUL)]
    public void The_reserved_part_of_the_interrupt_space_has_no_interrupts(ulong address) => unit.Receive(Sender, address, 0x41).Fault!.Code.ShouldBe(8);

    [Fact]
    public void A_blocked_message_is_counted_and_recorded()
    {
        unit.Write(Sender, new AmdViDeviceEntry(3, Valid, 0));
        unit.Receive(Sender, Window, 0x41);
        unit.Receive(Sender, Window, 0x441);
        unit.Blocked.ShouldBe(2);
        unit.Delivered.ShouldBe(0);
        unit.FaultLog[0].ToString().ShouldBe("03:05.2 wrote 0x41 to 0xfee00000: 0x08: the device table entry aborts fixed and arbitrated interrupts (IntCtl)");
        unit.FaultLog[1].Fault.ToString().ShouldBe("0x02: the device table entry lets no interrupt of this type pass");
    }

    [Fact]
    public void A_message_costs_no_memory()
    {
        Map(9);
        WriteWord(table, 0x0040_0501);
        Allocations.Of(() =>
        {
            unit.Filter(Sender, Window, 0);
            unit.Filter(Sender, Window, 1);
            unit.Filter(Sender, InterruptRange, 0);
        }).ShouldBe(0);
    }

    private void Map(int length) => unit.Write(Sender, new AmdViDeviceEntry(3, Valid | ((ulong)length << 1) | table | Remap, 0));

    /// <summary>What the sender's message 2 becomes by an entry.</summary>
    private HostInterrupt? Deliver(ulong low, ulong high)
    {
        Map(3);
        if (unit.HasWideEntries)
        {
            WriteWord(table + 32, low);
            WriteWord(table + 40, high);
        }
        else
        {
            WriteWord(table + 8, low);
        }

        MessageOutcome outcome = unit.Receive(Sender, Window, 2);
        return outcome.IsDelivered ? outcome.Interrupt : null;
    }

    private void WriteWord(ulong address, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(memory.At(address), value);
}
