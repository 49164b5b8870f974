using VfioSharp.Pci.Configuration;

namespace VfioSharp.Pci.Tests.Configuration;

public class CapabilityWalkTests
{
    private const string HasList = "006: 10 00";

    [Theory]
    [InlineData("host-bridge", "")]
    [InlineData("e1000", "")]
    [InlineData("edu", "05@40")]
    [InlineData("ahci", "05@80 12@a8")]
    [InlineData("nvme", "11@40 10@80 01@60")]
    [InlineData("virtio-net", "11@98 09@84 09@70 09@60 09@50 09@40")]
    [InlineData("e1000e", "01@c8 05@d0 10@e0 11@a0 | 0001@100 0003@140")]
    [InlineData("root-port", "10@54 11@48 0d@40 | 0001@100 000d@148")]
    [InlineData("pcie-to-pci-bridge", "05@8c 01@84 10@48 0c@40 | 0001@100")]
    [InlineData("igb", "01@40 05@50 11@70 10@a0 | 0001@100 000e@150 0010@160")]
    [InlineData("igb-vf", "10@a0 11@70 | 0001@100 000e@150")]
    public void Real_functions_lists_are_walked_in_their_order(string name, string expected)
    {
        PciCapabilities capabilities = FunctionDump.Load(name).Space.Capabilities;
        Summary(capabilities).ShouldBe(expected);
        capabilities.Findings.ShouldBeEmpty();
    }

    [Fact]
    public void Without_privilege_the_list_is_missing_and_that_is_no_oddity()
    {
        foreach (FunctionDump dump in FunctionDump.All)
        {
            var space = new ConfigurationSpace(dump.Image.AsMemory(0, 64));
            space.Capabilities.All.ShouldBeEmpty(dump.Name);
            space.Findings.ShouldBeEmpty(dump.Name);
            space.PortType.ShouldBeNull(dump.Name);
            space.HoldsCapabilities.ShouldBeFalse(dump.Name);
        }
    }

    [Fact]
    public void A_pointer_means_nothing_without_the_status_bit() =>
        FunctionDump.SpaceOf(256, "034: 40", "040: 05 00").Capabilities.All.ShouldBeEmpty();

    [Fact]
    public void A_cardbus_bridge_starts_its_list_elsewhere() =>
        Summary(FunctionDump.SpaceOf(256, HasList, "00e: 02", "014: 80", "034: 40", "040: 05", "080: 01").Capabilities).ShouldBe("01@80");

    [Fact]
    public void A_loop_ends_where_it_closes()
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(256, HasList, "034: 40", "040: 09 50 04", "050: 09 60 04", "060: 09 50 04").Capabilities;
        Summary(capabilities).ShouldBe("09@40 09@50 09@60");
        capabilities.Findings.ShouldHaveSingleItem().ShouldBe(new ConfigurationFinding(0x61, "pointer 0x50 leads back to a capability already seen: the list is a loop"));
    }

    [Fact]
    public void A_capability_that_points_to_itself_stands_once()
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(256, HasList, "034: 40", "040: 09 40 04").Capabilities;
        Summary(capabilities).ShouldBe("09@40");
        capabilities.Findings.ShouldHaveSingleItem().Offset.ShouldBe(0x41);
    }

    [Fact]
    public void The_low_bits_of_a_pointer_are_masked_and_noted()
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(256, HasList, "034: 43", "040: 09 52 04", "050: 09 00 04").Capabilities;
        Summary(capabilities).ShouldBe("09@40 09@50");
        capabilities.Findings.Select(finding => finding.Text).ShouldBe(
        [
            "pointer 0x43 has reserved bits set, read as 0x40",
            "pointer 0x52 has reserved bits set, read as 0x50",
        ]);
    }

    [Theory]
    [InlineData("04")]
    [InlineData("3c")]
    public void A_pointer_into_the_header_breaks_the_list_off(string target)
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(256, HasList, "034: 40", $"040: 09 {target} 04").Capabilities;
        Summary(capabilities).ShouldBe("09@40");
        capabilities.Findings.ShouldHaveSingleItem().Text.ShouldBe($"pointer 0x{target.TrimStart('0')} leads below 0x40, the list breaks off");
    }

    [Fact]
    public void A_list_that_reaches_beyond_what_was_read_breaks_off()
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(128, HasList, "034: 40", "040: 09 80 04").Capabilities;
        Summary(capabilities).ShouldBe("09@40");
        capabilities.Findings.ShouldHaveSingleItem().ShouldBe(new ConfigurationFinding(0x41, "pointer 0x80 leads beyond the 128 bytes that could be read"));
    }

    [Fact]
    public void An_id_of_all_ones_breaks_the_list_off()
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(256, HasList, "034: 40", "040: 09 50 04", "050: ff ff").Capabilities;
        Summary(capabilities).ShouldBe("09@40");
        capabilities.Findings.ShouldHaveSingleItem().Offset.ShouldBe(0x50);
    }

    [Fact]
    public void A_null_capability_is_listed_noted_and_passed()
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(256, HasList, "034: 40", "040: 00 50", "050: 09 00 04").Capabilities;
        Summary(capabilities).ShouldBe("00@40 09@50");
        capabilities.Findings.ShouldHaveSingleItem().Offset.ShouldBe(0x40);
    }

    [Fact]
    public void The_longest_list_is_walked_whole()
    {
        // 48 entries of four bytes fill everything from 0x40 to 0xff.
        IEnumerable<string> entries = Enumerable.Range(0, 48).Select(i => $"{0x40 + (4 * i):x3}: 09 {(i == 47 ? 0 : 0x44 + (4 * i)):x2} 04");
        PciCapabilities capabilities = FunctionDump.SpaceOf(256, [HasList, "034: 40", .. entries]).Capabilities;
        capabilities.All.Length.ShouldBe(48);
        capabilities.All[^1].Offset.ShouldBe(0xFC);
        capabilities.Findings.ShouldBeEmpty();
    }

    [Fact]
    public void An_unknown_header_type_has_no_list()
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(256, HasList, "00e: 05", "034: 40", "040: 09 00 04").Capabilities;
        capabilities.All.ShouldBeEmpty();
        capabilities.Findings.ShouldHaveSingleItem().Offset.ShouldBe(0x0E);
    }

    [Fact]
    public void A_header_that_breaks_off_is_noted() =>
        FunctionDump.SpaceOf(40, HasList).Findings.ShouldHaveSingleItem().Text.ShouldBe("configuration space breaks off within its header");

    [Fact]
    public void Extended_headers_hold_an_id_a_version_and_a_pointer()
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(4096, "100: 0d 00 01 fc", "fc0: 0e 00 02 00").Capabilities;
        capabilities.All.ShouldBe(
        [
            new PciCapability(0x0D, true, 0x100, 1, 8),
            new PciCapability(0x0E, true, 0xFC0, 2, 8),
        ]);
        capabilities.All[0].ExtendedId.ShouldBe(ExtendedCapabilityId.AccessControlServices);
        capabilities.All[0].Id.ShouldBeNull();
        capabilities.Findings.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("100: 0b 00 01 10", "0x100 leads back")]
    [InlineData("100: 0b 00 01 08", "leads below 0x100")]
    [InlineData("100: 0b 00 31 20", "reserved bits set, read as 0x200")]
    [InlineData("100: 0b 00 01 20", "all zero")]
    public void An_extended_list_that_is_odd_says_so(string header, string expected)
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(4096, header).Capabilities;
        Summary(capabilities).ShouldBe("| 000b@100");
        capabilities.Findings.ShouldContain(finding => finding.Text.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void An_extended_id_of_all_ones_breaks_the_list_off()
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(4096, "100: ff ff ff ff").Capabilities;
        capabilities.All.ShouldBeEmpty();
        capabilities.Findings.ShouldHaveSingleItem().Offset.ShouldBe(0x100);
    }

    [Fact]
    public void No_extended_capability_is_nothing_odd() =>
        FunctionDump.SpaceOf(4096).Findings.ShouldBeEmpty();

    [Fact]
    public void A_null_extended_capability_leads_on()
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(4096, "100: 00 00 00 20", "200: 0e 00 01 00").Capabilities;
        Summary(capabilities).ShouldBe("| 0000@100 000e@200");
        capabilities.Findings.ShouldHaveSingleItem().Offset.ShouldBe(0x100);
    }

    [Fact]
    public void The_longest_extended_list_is_walked_whole()
    {
        IEnumerable<string> entries = Enumerable.Range(0, 960).Select(i =>
        {
            int next = i == 959 ? 0 : 0x104 + (4 * i);
            return $"{0x100 + (4 * i):x3}: 01 00 {((next & 0xF) << 4) | 1:x2} {next >> 4:x2}";
        });
        PciCapabilities capabilities = FunctionDump.SpaceOf(4096, entries).Capabilities;
        capabilities.All.Length.ShouldBe(960);
        capabilities.Findings.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("040: 09 00 14", 0x14)]
    [InlineData("040: 05 00 80 01", 0x18)]
    [InlineData("040: 05 00 00 00", 0x0A)]
    [InlineData("040: 11 00", 0x0C)]
    [InlineData("040: 10 00 02 00", 0x3C)]
    [InlineData("040: 10 00 01 00", null)]
    [InlineData("040: 0c 00", null)]
    public void Lengths_are_told_where_they_can_be(string capability, int? length) =>
        FunctionDump.SpaceOf(256, HasList, "034: 40", capability).Capabilities.All.ShouldHaveSingleItem().Length.ShouldBe(length);

    [Theory]
    [InlineData("100: 0b 00 01 00", "104: 01 00 80 01", 0x18)]
    [InlineData("100: 23 00 01 00", "104: 98 1e 80 03", 0x38)]
    [InlineData("100: 0d 00 01 00", "104: 20 00", 0x28)]
    [InlineData("100: 0d 00 01 00", "104: 20 21", 0x10)]
    [InlineData("100: 02 00 01 00", "104: 00 00", null)]
    public void Extended_lengths_are_told_where_they_can_be(string header, string register, int? length) =>
        FunctionDump.SpaceOf(4096, header, register).Capabilities.All.ShouldHaveSingleItem().Length.ShouldBe(length);

    [Fact]
    public void A_capability_that_says_it_is_longer_than_what_was_read_is_noted() =>
        FunctionDump.SpaceOf(256, HasList, "034: f0", "0f0: 09 00 20").Findings.ShouldHaveSingleItem()
            .ShouldBe(new ConfigurationFinding(0xF0, "Vendor Specific: takes 32 bytes, beyond the 256 that could be read"));

    [Fact]
    public void Every_id_that_has_a_name_here_has_a_name_to_show()
    {
        foreach (CapabilityId id in Enum.GetValues<CapabilityId>())
        {
            CapabilityNames.Of(id).ShouldNotStartWith("capability 0x");
        }

        foreach (ExtendedCapabilityId id in Enum.GetValues<ExtendedCapabilityId>())
        {
            CapabilityNames.Of(id).ShouldNotStartWith("extended capability 0x");
        }

        CapabilityNames.Of((CapabilityId)0x77).ShouldBe("capability 0x77");
        CapabilityNames.Of((ExtendedCapabilityId)0x1234).ShouldBe("extended capability 0x1234");
        new PciCapability(0x11, false, 0x40, 0, 12).Name.ShouldBe("MSI-X");
        new PciCapability(0x10, true, 0x160, 1, 64).Name.ShouldBe("Single Root I/O Virtualization");
    }

    private static string Summary(PciCapabilities capabilities)
    {
        string standard = string.Join(' ', capabilities.All.Where(entry => !entry.IsExtended).Select(entry => $"{entry.RawId:x2}@{entry.Offset:x}"));
        string extended = string.Join(' ', capabilities.All.Where(entry => entry.IsExtended).Select(entry => $"{entry.RawId:x4}@{entry.Offset:x}"));
        return extended.Length == 0 ? standard : $"{standard} | {extended}".TrimStart();
    }
}
