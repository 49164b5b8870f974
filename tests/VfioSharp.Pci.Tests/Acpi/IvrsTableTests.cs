using VfioSharp.Pci.Acpi;
using VfioSharp.Pci.Addressing;
using static VfioSharp.Pci.Tests.Acpi.AcpiBytes;

namespace VfioSharp.Pci.Tests.Acpi;

public sealed class IvrsTableTests
{
    [Fact]
    public void The_captured_host_has_one_iommu_described_twice()
    {
        IvrsTable table = IvrsTable.Parse(Captured("x86-amd-ir.ivrs"));

        table.VirtualizationInfo.ShouldBe(0x2801u);
        table.PhysicalAddressSize.ShouldBe(40);
        table.MemoryBlockCount.ShouldBe(0);
        table.OtherBlockCount.ShouldBe(0);
        table.Blocks.Select(block => block.BlockType).ShouldBe([(byte)0x10, (byte)0x11]);
        table.Blocks[0].ExtendedFeatures.ShouldBeNull();
        table.Blocks[0].FeatureInfo.ShouldBe(0x44u);
        IvrsUnit unit = table.Units.ShouldHaveSingleItem();
        unit.ShouldBeSameAs(table.Blocks[1]);
        unit.Flags.ShouldBe((byte)0x11);
        unit.Id.ShouldBe(new RequesterId(0x0008));
        unit.CapabilityOffset.ShouldBe((ushort)0x40);
        unit.BaseAddress.ShouldBe(0xfed80000ul);
        unit.Segment.ShouldBe((ushort)0);
        unit.FeatureInfo.ShouldBe(0u);
        unit.ExtendedFeatures.ShouldBe(0x29d3ul);
        unit.Devices.Count.ShouldBe(18);
        unit.Devices[1].ShouldBe(new IvrsDeviceRange(new RequesterId(0x0008), new RequesterId(0x0008), null));
    }

    [Fact]
    public void With_interrupt_remapping_the_captured_table_describes_the_ioapic()
    {
        IvrsTable table = IvrsTable.Parse(Captured("x86-amd-ir.ivrs"));

        table.DescribesIoApics.ShouldBeTrue();
        table.IoApics.ShouldHaveSingleItem().ShouldBe(new IvrsSpecialDevice(IvrsSpecialDeviceKind.IoApic, 0, new RequesterId(0x00a0)));
    }

    [Fact]
    public void Without_interrupt_remapping_the_captured_table_describes_no_ioapic()
    {
        IvrsTable table = IvrsTable.Parse(Captured("x86-amd-noir.ivrs"));

        table.DescribesIoApics.ShouldBeFalse();
        table.IsComplete.ShouldBeTrue();
        table.Units.ShouldHaveSingleItem().Devices.Count.ShouldBe(18);
    }

    [Fact]
    public void A_timer_is_no_ioapic()
    {
        byte[] bytes = Ivrs(Ivhd(0x11, 8, 0, [0x48, 0, 0, 0, 3, .. U16(0x00a1), 2]));
        IvrsTable table = IvrsTable.Parse(bytes);

        table.DescribesIoApics.ShouldBeFalse();
        table.Units[0].SpecialDevices.ShouldHaveSingleItem().ShouldBe(
            new IvrsSpecialDevice(IvrsSpecialDeviceKind.Hpet, 3, new RequesterId(0x00a1)));
    }

    [Fact]
    public void An_ioapic_described_only_in_a_block_that_is_not_used_does_not_count()
    {
        byte[] bytes = Ivrs(Ivhd(0x10, 8, 0, [0x48, 0, 0, 0, 0, .. U16(0xa0), 1]), Ivhd(0x11, 8, 0, [1, 0, 0, 0]));

        IvrsTable.Parse(bytes).DescribesIoApics.ShouldBeFalse();
    }

    [Fact]
    public void The_last_block_about_the_first_iommu_settles_which_blocks_are_used()
    {
        byte[] bytes = Ivrs(
            Ivhd(0x10, 8, 0, [1, 0, 0, 0]),
            Ivhd(0x10, 9, 1, [1, 0, 0, 0]),
            Ivhd(0x11, 8, 0, [1, 0, 0, 0]),
            Ivhd(0x11, 9, 1, [1, 0, 0, 0]),
            Ivhd(0x40, 9, 1, [1, 0, 0, 0]));
        IvrsTable table = IvrsTable.Parse(bytes);

        table.Blocks.Count.ShouldBe(5);
        table.Units.Select(unit => (unit.BlockType, unit.Segment)).ShouldBe([((byte)0x11, (ushort)0), ((byte)0x11, (ushort)1)]);
        table.UnitFor(PciAddress.Parse("0001:ff:1f.7")).ShouldBeSameAs(table.Units[1]);
    }

    [Theory]
    [InlineData("0000:00:01.0", true)]
    [InlineData("0000:00:14.2", true)]
    [InlineData("0000:00:02.0", false)]
    [InlineData("0001:00:01.0", false)]
    [InlineData("10000:00:01.0", false)]
    public void A_function_that_the_captured_table_lists_is_the_iommu_s(string address, bool listed)
    {
        (IvrsTable.Parse(Captured("x86-amd-ir.ivrs")).UnitFor(PciAddress.Parse(address)) is not null).ShouldBe(listed);
    }

    [Theory]
    [InlineData("01 00 00 00", 0x0000, 0xffff, -1)]
    [InlineData("02 08 01 00", 0x0108, 0x0108, -1)]
    [InlineData("03 08 01 00 04 ff 01 00", 0x0108, 0x01ff, -1)]
    [InlineData("42 08 01 00 00 20 02 00", 0x0108, 0x0108, 0x0220)]
    [InlineData("43 08 01 00 00 20 02 00 04 ff 01 00", 0x0108, 0x01ff, 0x0220)]
    [InlineData("46 08 01 00 00 00 00 80", 0x0108, 0x0108, -1)]
    [InlineData("47 08 01 00 00 00 00 80 04 ff 01 00", 0x0108, 0x01ff, -1)]
    [InlineData("f0 08 01 00 41 4d 44 49 30 30 32 30 00 00 00 00 00 00 00 00 02 03 61 62 63", 0x0108, 0x0108, -1)]
    public void Each_device_entry_names_its_functions(string hex, int first, int last, int alias)
    {
        IvrsTable table = IvrsTable.Parse(Ivrs(Ivhd(0x11, 8, 0, Hex(hex))));

        table.Findings.ShouldBeEmpty();
        table.Units[0].Devices.ShouldHaveSingleItem().ShouldBe(new IvrsDeviceRange(
            new RequesterId((ushort)first), new RequesterId((ushort)last), alias < 0 ? null : new RequesterId((ushort)alias)));
    }

    [Fact]
    public void Padding_and_unknown_entries_of_a_known_length_are_passed_over()
    {
        byte[] entries = Hex("00 00 00 00  40 00 00 00 00 00 00 00  05 00 00 00  02 10 00 00");

        IvrsTable table = IvrsTable.Parse(Ivrs(Ivhd(0x11, 8, 0, entries)));

        table.Findings.ShouldBeEmpty();
        table.Units[0].Devices.ShouldHaveSingleItem().First.ShouldBe(new RequesterId(0x10));
    }

    [Theory]
    [InlineData("80 00 00 00")]
    [InlineData("c0 00 00 00")]
    [InlineData("f1 00 00 00")]
    [InlineData("f0 00 00 00")]
    [InlineData("02 10 00")]
    [InlineData("48 00 00 00 00 a0 00")]
    [InlineData("f0 08 01 00 41 4d 44 49 30 30 32 30 00 00 00 00 00 00 00 00 02 04 61 62 63")]
    public void An_entry_of_unknown_length_or_cut_off_ends_its_block_and_not_the_table(string hex)
    {
        byte[] bytes = Ivrs(Ivhd(0x11, 8, 0, [0x02, 8, 0, 0, .. Hex(hex)]), Ivhd(0x11, 9, 1, [1, 0, 0, 0]));
        IvrsTable table = IvrsTable.Parse(bytes);

        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain("device entry at 0x5c");
        table.Units.Count.ShouldBe(2);
        table.Units[0].Devices.Count.ShouldBe(1);
        table.Units[0].SpecialDevices.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("04 ff 01 00", "ends a range")]
    [InlineData("03 ff 01 00 04 08 01 00", "ends a range")]
    [InlineData("03 08 01 00", "does not end")]
    public void A_range_with_one_end_is_a_finding_and_names_nothing(string hex, string finding)
    {
        IvrsTable table = IvrsTable.Parse(Ivrs(Ivhd(0x11, 8, 0, Hex(hex))));

        table.Units[0].Devices.ShouldBeEmpty();
        table.IsComplete.ShouldBeTrue();
        table.Findings.ShouldHaveSingleItem().ShouldContain(finding);
    }

    [Theory]
    [InlineData(0x10, 23)]
    [InlineData(0x11, 39)]
    [InlineData(0x40, 39)]
    public void A_block_too_short_for_its_type_is_passed_over(byte type, byte length)
    {
        IvrsTable table = IvrsTable.Parse(Ivrs([type, 0, length, 0, .. new byte[length - 4]]));

        table.Units.ShouldBeEmpty();
        table.UnitFor(default).ShouldBeNull();
        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain("IVHD");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(200)]
    public void A_block_of_an_impossible_length_ends_the_table(byte length)
    {
        IvrsTable table = IvrsTable.Parse(With(Captured("x86-amd-ir.ivrs"), 0x30 + 2, length, length > 6 ? (byte)1 : (byte)0));

        table.Blocks.ShouldBeEmpty();
        table.Findings.ShouldHaveSingleItem().ShouldContain("the block at 0x30");
    }

    [Fact]
    public void Memory_blocks_are_counted_and_those_that_ask_for_identity_apart()
    {
        byte[] bytes = Ivrs(Ivmd(0x20, 0), Ivmd(0x21, 1), Ivmd(0x22, 7), Ivmd(0x22, 8), Ivmd(0x33, 1));
        IvrsTable table = IvrsTable.Parse(bytes);

        table.MemoryBlockCount.ShouldBe(4);
        table.UnityRangeCount.ShouldBe(2);
        table.OtherBlockCount.ShouldBe(1);
    }

    private static byte[] Ivrs(params byte[][] blocks) => Table("IVRS", [[.. U32(0x2801), .. new byte[8]], .. blocks]);

    private static byte[] Ivhd(byte type, byte id, byte segment, byte[] entries)
    {
        byte[] tail = type == 0x10 ? [] : [.. U64(0x29d3), .. U64(0)];
        int length = 24 + tail.Length + entries.Length;
        return [type, 0x11, .. U16(length), id, 0, 0x40, 0, .. U64(0xfed80000), segment, 0, 0, 0, .. U32(0x44), .. tail, .. entries];
    }

    private static byte[] Ivmd(byte type, byte flags) => [type, flags, 32, 0, .. new byte[28]];
}
