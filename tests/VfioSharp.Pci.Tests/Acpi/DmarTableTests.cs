using VfioSharp.Pci.Acpi;
using VfioSharp.Pci.Addressing;
using static VfioSharp.Pci.Tests.Acpi.AcpiBytes;

namespace VfioSharp.Pci.Tests.Acpi;

public sealed class DmarTableTests
{
    // Where the captured bytes hold what: the fixed part ends at 0x30, the only unit's scopes begin at 0x40.
    private const int UnitAt = 0x30;
    private const int FirstScopeAt = 0x40;

    private static readonly Func<PciAddress, BridgeBuses?> NoBridges = _ => null;

    [Fact]
    public void The_captured_host_has_one_unit_with_an_ioapic_and_its_functions()
    {
        DmarTable table = DmarTable.Parse(Captured("x86-intel-ir.dmar"));

        table.HostAddressWidth.ShouldBe(48);
        table.SupportsInterruptRemapping.ShouldBeTrue();
        table.OptsOutOfX2Apic.ShouldBeFalse();
        table.OptsInToDmaControl.ShouldBeFalse();
        table.ReservedRegions.ShouldBeEmpty();
        table.OtherStructureCount.ShouldBe(0);
        table.IoApicIds.ShouldBe([(byte)0]);
        DmarUnit unit = table.Units.ShouldHaveSingleItem();
        unit.Segment.ShouldBe((ushort)0);
        unit.IncludesAll.ShouldBeFalse();
        unit.RegisterBase.ShouldBe(0xfed90000ul);
        unit.Scopes.Count.ShouldBe(18);
        unit.Scopes[0].Type.ShouldBe(DmarScopeType.IoApic);
        unit.Scopes[0].StartBus.ShouldBe((byte)0xff);
        unit.Scopes[2].Type.ShouldBe(DmarScopeType.Endpoint);
        unit.Scopes[2].Path.ShouldBe([new DmarPathHop(3, 0)]);
    }

    [Fact]
    public void Without_intremap_the_captured_table_differs_in_its_flag_alone()
    {
        DmarTable table = DmarTable.Parse(Captured("x86-intel-noir.dmar"));

        table.SupportsInterruptRemapping.ShouldBeFalse();
        table.Units.ShouldHaveSingleItem().Scopes.Count.ShouldBe(18);
    }

    [Theory]
    [InlineData(0, false, false, false)]
    [InlineData(1, true, false, false)]
    [InlineData(2, false, true, false)]
    [InlineData(4, false, false, true)]
    [InlineData(0xf8, false, false, false)]
    public void Each_flag_is_a_bit_of_its_own(byte flags, bool remapping, bool optOut, bool optIn)
    {
        DmarTable table = DmarTable.Parse(With(Captured("x86-intel-ir.dmar"), 37, flags));

        table.SupportsInterruptRemapping.ShouldBe(remapping);
        table.OptsOutOfX2Apic.ShouldBe(optOut);
        table.OptsInToDmaControl.ShouldBe(optIn);
    }

    [Fact]
    public void The_address_width_field_is_one_less_than_the_width()
    {
        DmarTable.Parse(With(Captured("x86-intel-ir.dmar"), 36, 0x33)).HostAddressWidth.ShouldBe(52);
    }

    [Fact]
    public void A_function_that_a_scope_names_is_the_unit_s_and_its_neighbour_is_nobody_s()
    {
        DmarTable table = DmarTable.Parse(Captured("x86-intel-ir.dmar"));

        table.UnitFor(PciAddress.Parse("0000:00:03.0"), NoBridges).ShouldBeSameAs(table.Units[0]);
        table.UnitFor(PciAddress.Parse("0000:00:03.1"), NoBridges).ShouldBeNull();
        table.UnitFor(PciAddress.Parse("0000:00:02.0"), NoBridges).ShouldBeNull();
        table.UnitFor(PciAddress.Parse("0000:03:00.0"), NoBridges).ShouldBeNull();
    }

    [Theory]
    [InlineData("0001:00:03.0")]
    [InlineData("10000:00:03.0")]
    public void A_function_of_another_segment_is_not_the_unit_s(string address)
    {
        DmarTable.Parse(Captured("x86-intel-ir.dmar")).UnitFor(PciAddress.Parse(address), NoBridges).ShouldBeNull();
    }

    [Fact]
    public void The_scope_of_an_ioapic_names_no_function()
    {
        byte[] table = With(Captured("x86-intel-ir.dmar"), FirstScopeAt + 5, 0, 9, 0);

        DmarTable.Parse(table).UnitFor(PciAddress.Parse("0000:00:09.0"), NoBridges).ShouldBeNull();
    }

    // Functions and bridges of the captured host with nested bridges, a conventional bus and VFs; its kernel puts all under the one unit.
    [Theory]
    [InlineData("0000:00:02.0")]
    [InlineData("0000:00:1f.3")]
    [InlineData("0000:01:00.0")]
    [InlineData("0000:03:01.0")]
    [InlineData("0000:05:00.0")]
    [InlineData("0000:07:03.0")]
    [InlineData("0000:08:00.0")]
    [InlineData("0000:09:00.0")]
    public void A_function_below_a_bridge_that_a_scope_names_is_the_unit_s(string address)
    {
        DmarTable table = DmarTable.Parse(Captured("x86-intel-ir-rich.dmar"));

        table.UnitFor(PciAddress.Parse(address), RichHost).ShouldBeSameAs(table.Units[0]);
    }

    [Fact]
    public void A_function_beyond_the_last_bus_below_the_bridge_is_not_the_unit_s()
    {
        DmarTable table = DmarTable.Parse(Captured("x86-intel-ir-rich.dmar"));

        table.UnitFor(PciAddress.Parse("0000:0a:00.0"), RichHost).ShouldBeNull();
        table.UnitFor(PciAddress.Parse("0000:05:00.0"), NoBridges).ShouldBeNull();
    }

    [Fact]
    public void An_endpoint_scope_does_not_take_what_lies_below_the_function()
    {
        byte[] table = Dmar(Unit(0, 0, 0x1000, Scope(1, 0, (2, 0))));

        DmarTable.Parse(table).UnitFor(PciAddress.Parse("0000:01:00.0"), RichHost).ShouldBeNull();
    }

    [Fact]
    public void A_path_of_several_hops_goes_through_the_secondary_buses()
    {
        DmarTable table = DmarTable.Parse(Dmar(Unit(0, 0, 0x1000, Scope(1, 0, (2, 1), (0, 0), (1, 0), (0, 0)))));

        table.UnitFor(PciAddress.Parse("0000:05:00.0"), RichHost).ShouldNotBeNull();
        table.UnitFor(PciAddress.Parse("0000:04:00.0"), RichHost).ShouldBeNull();
        table.UnitFor(PciAddress.Parse("0000:00:00.0"), RichHost).ShouldBeNull();
    }

    [Fact]
    public void A_unit_that_names_the_function_goes_before_the_one_that_includes_all()
    {
        byte[] bytes = Dmar(Unit(1, 0, 0xa000), Unit(0, 0, 0xb000, Scope(1, 0, (3, 0))), Unit(1, 1, 0xc000));
        DmarTable table = DmarTable.Parse(bytes);

        table.UnitFor(PciAddress.Parse("0000:00:03.0"), NoBridges)!.RegisterBase.ShouldBe(0xb000ul);
        table.UnitFor(PciAddress.Parse("0000:00:04.0"), NoBridges)!.RegisterBase.ShouldBe(0xa000ul);
        table.UnitFor(PciAddress.Parse("0001:00:04.0"), NoBridges)!.RegisterBase.ShouldBe(0xc000ul);
        table.UnitFor(PciAddress.Parse("0002:00:04.0"), NoBridges).ShouldBeNull();
    }

    [Theory]
    [InlineData(32, 0)]
    [InlineData(0, 8)]
    [InlineData(255, 255)]
    public void A_hop_to_an_impossible_device_names_nothing(byte device, byte function)
    {
        DmarTable table = DmarTable.Parse(Dmar(Unit(0, 0, 0x1000, Scope(2, 0, (device, function)))));

        table.Units[0].Scopes[0].Path.ShouldBe([new DmarPathHop(device, function)]);
        table.Units[0].Scopes[0].Resolve(0, NoBridges).ShouldBeNull();
    }

    [Fact]
    public void A_scope_without_a_path_is_a_finding_and_names_nothing()
    {
        DmarTable table = DmarTable.Parse(Dmar(Unit(0, 0, 0x1000, Scope(1, 0))));

        table.Findings.ShouldHaveSingleItem().ShouldContain("path of 0 bytes");
        table.UnitFor(PciAddress.Parse("0000:00:00.0"), NoBridges).ShouldBeNull();
    }

    [Fact]
    public void A_path_that_ends_between_device_and_function_is_a_finding()
    {
        DmarTable table = DmarTable.Parse(Dmar(Unit(0, 0, 0x1000, [1, 9, 0, 0, 0, 0, 3, 0, 4])));

        table.Findings.ShouldHaveSingleItem().ShouldContain("path of 3 bytes");
        table.Units[0].Scopes[0].Path.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(0xff)]
    public void A_scope_of_an_impossible_length_ends_the_scopes_and_not_the_table(byte length)
    {
        byte[] broken = Unit(0, 0, 0x1000, Scope(1, 0, (3, 0)), [1, length, 0, 0, 0, 0, 4, 0]);
        DmarTable table = DmarTable.Parse(Dmar(broken, Unit(1, 0, 0x2000)));

        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain($"the device scope at 0x48 has length {length}");
        table.Units.Count.ShouldBe(2);
        table.Units[0].Scopes.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(0xa1)]
    public void A_structure_of_an_impossible_length_ends_the_table(byte length)
    {
        DmarTable table = DmarTable.Parse(With(Captured("x86-intel-ir.dmar"), UnitAt + 2, length));

        table.Units.ShouldBeEmpty();
        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain($"the structure at 0x30 has length {length}");
    }

    [Theory]
    [InlineData(0, 15, "DRHD")]
    [InlineData(1, 23, "RMRR")]
    public void A_structure_too_short_for_its_type_is_passed_over(byte type, byte length, string name)
    {
        DmarTable table = DmarTable.Parse(Dmar([type, 0, length, 0, .. new byte[length - 4]], Unit(1, 0, 0x2000)));

        table.Units.ShouldHaveSingleItem().RegisterBase.ShouldBe(0x2000ul);
        table.ReservedRegions.ShouldBeEmpty();
        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain(name);
    }

    [Fact]
    public void A_reserved_region_has_its_range_and_its_devices()
    {
        byte[] region = [1, 0, 32, 0, 0, 0, 2, 0, .. U64(0x7f000000), .. U64(0x7fffffff), .. Scope(1, 0, (0x14, 0))];
        DmarReservedRegion parsed = DmarTable.Parse(Dmar(region)).ReservedRegions.ShouldHaveSingleItem();

        parsed.Segment.ShouldBe((ushort)2);
        parsed.Base.ShouldBe(0x7f000000ul);
        parsed.Limit.ShouldBe(0x7ffffffful);
        parsed.Scopes.ShouldHaveSingleItem().Path.ShouldBe([new DmarPathHop(0x14, 0)]);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(0x100)]
    public void Structures_of_other_types_are_counted(int type)
    {
        DmarTable table = DmarTable.Parse(Dmar([.. U16(type), 8, 0, 0, 0, 0, 0], Unit(1, 0, 0x2000)));

        table.OtherStructureCount.ShouldBe(1);
        table.Units.Count.ShouldBe(1);
        table.Findings.ShouldBeEmpty();
    }

    [Fact]
    public void A_lookup_needs_a_way_to_follow_bridges()
    {
        Should.Throw<ArgumentNullException>(() => DmarTable.Parse(default).UnitFor(default, null!));
    }

    private static BridgeBuses? RichHost(PciAddress bridge) => bridge.ToString() switch
    {
        "0000:00:02.0" => new BridgeBuses(1, 1),
        "0000:00:02.1" => new BridgeBuses(2, 5),
        "0000:02:00.0" => new BridgeBuses(3, 5),
        "0000:03:00.0" => new BridgeBuses(4, 4),
        "0000:03:01.0" => new BridgeBuses(5, 5),
        "0000:00:02.2" => new BridgeBuses(6, 7),
        "0000:06:00.0" => new BridgeBuses(7, 7),
        "0000:00:02.3" => new BridgeBuses(8, 8),
        "0000:00:03.0" => new BridgeBuses(9, 9),
        _ => null,
    };

    private static byte[] Dmar(params byte[][] structures) => Table("DMAR", [[0x2f, 1, .. new byte[10]], .. structures]);

    private static byte[] Unit(byte flags, byte segment, ulong registers, params byte[][] scopes)
    {
        byte[] all = [.. scopes.SelectMany(scope => scope)];
        return [0, 0, .. U16(16 + all.Length), flags, 0, segment, 0, .. U64(registers), .. all];
    }

    private static byte[] Scope(byte type, byte bus, params (byte Device, byte Function)[] hops) =>
        [type, (byte)(6 + (2 * hops.Length)), 0, 0, 0, bus, .. hops.SelectMany(hop => new[] { hop.Device, hop.Function })];
}
