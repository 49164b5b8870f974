using System.Globalization;
using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.Amd;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>Which messages pass an AMD IOMMU, which are looked up and which are blocked, and what the unit says of that itself.</summary>
public class AmdViControlTests
{
    private const ulong Window = 0xFEE0_0000;
    private const ulong InterruptRange = 0xFD_F800_0000;

    // Tables 9, 10 and 19 of the specification (48882, revision 3.11) for IV = 1, a line a kind of message: destination mode, NumIntRemapMode ("-": either), types, and
    // what governs them.
    private static readonly string[] Table19 =
    [
        "0 - 0,1 IntCtl",
        "0 - 2 SmiFEn",
        "0 - 3,4,6 58",
        "0 - 5 56",
        "0 - 7 57",
        "0 - 11 63",
        "0 - 14 62",
        "0 - 8,9,10,12,13,15 never",
        "1 - 0,1 IntCtl",
        "1 0 2,3,4,5,6,7,8,9,10,11,12,13,14,15 never",
        "1 1 2,3,4,5,6,7 IntCtl",
        "1 1 8,9,10,11,12,13,14,15 never",
    ];

    private static readonly RequesterId Sender = Sources.Id("03:05.2");

    private readonly AmdViUnit unit = new(new HostMemory(), 4) { IsEnabled = true };

    [Fact]
    public void Every_type_of_message_is_governed_as_the_specification_says()
    {
        int asked = 0;
        List<string> wrong = [];
        foreach (string[] line in Table19.Select(line => line.Split(' ')))
        {
            bool isLogical = line[0] == "1";
            foreach (uint type in line[2].Split(',').Select(text => uint.Parse(text, CultureInfo.InvariantCulture)))
            {
                if (line[1] != "1")
                {
                    unit.RemapsAllTypes = false;
                    asked += AskAll(isLogical, type, line[3], wrong);
                }

                if (line[1] != "0")
                {
                    unit.RemapsAllTypes = true;
                    asked += AskAll(isLogical, type, line[3], wrong);
                }
            }
        }

        wrong.ShouldBeEmpty();
        asked.ShouldBe(2 * 16 * 2 * 192, "every type, in both destination modes, with and without NumIntRemapMode");
    }

    /// <summary>Asks about a type of message with every IntCtl that is not reserved, every set of Pass bits, and with and without SmiFEn.</summary>
    private int AskAll(bool isLogical, uint type, string governor, List<string> wrong)
    {
        uint index = ((type & 7) << 8) | 0x30;
        unit.Write(unit.AddressOf(0), (int)index, AmdViEntry.To(5, 0x40, AmdViFormat.Basic));
        for (uint bits = 0; bits < 192; bits++)
        {
            ulong control = bits % 3;
            ulong passes = (((bits / 3) & 7UL) << 56) | (((bits / 24) & 3UL) << 62);
            unit.FiltersSmis = bits >= 96;
            unit.Write(Sender, new AmdViDeviceEntry(3, 1UL | (11UL << 1) | unit.AddressOf(0) | (control << 60) | passes, 0));

            HostInterrupt? expected = governor switch
            {
                "IntCtl" => control == 2 ? new HostInterrupt(5, 0x40) : control == 1 ? AsIs(isLogical, type) : null,
                "SmiFEn" => unit.FiltersSmis ? null : AsIs(isLogical, type),
                "never" => null,
                _ => (passes >> int.Parse(governor, CultureInfo.InvariantCulture) & 1) != 0 ? AsIs(isLogical, type) : null,
            };
            if (Send(isLogical, type, index).Any(became => became != expected))
            {
                wrong.Add($"type {type}, DM {isLogical}, IntCtl {control}, Pass {passes:x}, SmiFEn {unit.FiltersSmis}, NumIntRemapMode {unit.RemapsAllTypes}");
            }

            unit.Write(Sender, new AmdViDeviceEntry(3, (control << 60) | passes, 0));
            expected = governor == "SmiFEn" && unit.FiltersSmis ? null : AsIs(isLogical, type);
            if (Send(isLogical, type, index).Any(became => became != expected))
            {
                wrong.Add($"type {type}, DM {isLogical}, IV 0, SmiFEn {unit.FiltersSmis}");
            }
        }

        return 192;
    }

    /// <summary>What a message for vector 0x30 of processor 1 becomes, in the one or two forms that it has.</summary>
    private IEnumerable<HostInterrupt?> Send(bool isLogical, uint type, uint data)
    {
        ulong address = InterruptRange | (0x30 << 16) | (1 << 8) | ((type & 8) << 4) | (isLogical ? 1u << 6 : 0) | ((type & 7) << 2);
        MessageOutcome[] outcomes = type < 8
            ? [unit.Receive(Sender, address, 0), unit.Receive(Sender, Window | (1 << 12) | (isLogical ? 4u : 0), data)]
            : [unit.Receive(Sender, address, 0)];
        return outcomes.Select(outcome => outcome.IsDelivered ? outcome.Interrupt : (HostInterrupt?)null);
    }

    /// <summary>What processors make of such a message when it reaches them: an NMI is vector 2, and SMI, INIT and ExtINT are shown by their mode.</summary>
    private static HostInterrupt? AsIs(bool isLogical, uint type)
    {
        uint processor = isLogical ? 0u : 1u; // the set of the first processor, or the second
        return type switch
        {
            0 or 1 => new HostInterrupt(processor, 0x30),
            4 or 11 => new HostInterrupt(processor, 2),
            2 or 5 => new HostInterrupt(processor, 0x100 + type),
            7 or 14 => new HostInterrupt(processor, 0x107),
            _ => null,
        };
    }

    [Fact]
    public void A_unit_whose_entries_all_block_or_remap_confines_messages()
    {
        Close();
        UnitCondition condition = unit.Examine();
        condition.IsIsolating.ShouldBeTrue();
        condition.Reason.ShouldContain("SMIs pass");
        unit.FiltersSmis = true;
        unit.Examine().Reason.ShouldNotContain("SMI");
        unit.Write(Sender, AmdViDeviceEntry.To(unit.AddressOf(0), 9));
        unit.Write(Sources.Id("03:05.3"), AmdViDeviceEntry.To(unit.AddressOf(1), 9));
        unit.Examine().ShouldBe(condition with { Reason = condition.Reason[..condition.Reason.IndexOf(';', StringComparison.Ordinal)] });
    }

    [Theory]
    [InlineData(0UL, "IV is 0")]
    [InlineData(2UL << 60, "IV is 0")] // the rest means nothing then
    [InlineData(1UL | (1UL << 60), "IntCtl is 01")]
    [InlineData(1UL | (1UL << 56), "InitPass")]
    [InlineData(1UL | (1UL << 57), "EIntPass")]
    [InlineData(1UL | (1UL << 58), "NmiPass")]
    [InlineData(1UL | (1UL << 62), "Lint0Pass")]
    [InlineData(1UL | (1UL << 63), "Lint1Pass")]
    [InlineData(1UL | (2UL << 60) | (5UL << 56) | (9UL << 1), "InitPass, NmiPass")]
    public void One_entry_that_lets_messages_pass_is_enough_not_to(ulong interrupts, string field)
    {
        Close();
        unit.Write(Sources.Id("ff:1f.7"), new AmdViDeviceEntry(3, interrupts, 0));
        unit.Examine().IsIsolating.ShouldBeFalse();
        unit.Examine().Reason.ShouldStartWith("the device table entry of ff:1f.7 ");
        unit.Examine().Reason.ShouldContain(field);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(3UL)]
    public void It_does_not_depend_on_whether_addresses_are_translated(ulong low)
    {
        Close();
        unit.Write(Sender, new AmdViDeviceEntry(low, 1, 0));
        unit.Examine().IsIsolating.ShouldBeTrue();
        unit.Write(Sender, new AmdViDeviceEntry(low, 0, 0));
        unit.Examine().IsIsolating.ShouldBeFalse();
    }

    [Theory]
    [InlineData((3UL << 60) | (7UL << 56))] // IntCtl 11, with Pass bits
    [InlineData((1UL << 60) | (1UL << 52))] // forwarding, with a reserved bit
    [InlineData((2UL << 60) | (1UL << 52))] // with a table that would overlap
    public void An_illegal_entry_lets_nothing_pass(ulong interrupts)
    {
        Close();
        unit.Write(Sources.Id("00:02.0"), AmdViDeviceEntry.To(unit.AddressOf(0), 9));
        unit.Write(Sender, new AmdViDeviceEntry(3, 1UL | interrupts | (unit.AddressOf(0) + 128), 0));
        unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Theory]
    [InlineData(3u)]
    [InlineData(6u)]
    public void Types_without_a_meaning_that_pass_with_the_nmi_are_refused_by_the_processor_instead(uint type)
    {
        unit.Write(Sender, new AmdViDeviceEntry(3, 1, 0));
        unit.Receive(Sender, Window, type << 8).Fault!.Code.ShouldBe(2);
        unit.Write(Sender, new AmdViDeviceEntry(3, 1UL | (1UL << 58), 0));
        unit.Receive(Sender, Window, type << 8).Fault!.Code.ShouldBeNull();
    }

    [Theory]
    [InlineData(128UL, 9, true)]
    [InlineData(2047UL & ~127UL, 9, true)]
    [InlineData(2048UL, 9, false)]
    [InlineData(0UL, 8, true)] // the same beginning, another length
    [InlineData(0UL, 9, false)] // the same table, as a bridge's ID and a function's behind it have
    public void Tables_that_overlap_confine_nothing(ulong offset, int length, bool overlaps)
    {
        Close();
        unit.Write(Sender, AmdViDeviceEntry.To(unit.AddressOf(0), 9));
        unit.Write(Sources.Id("00:02.0"), AmdViDeviceEntry.To(unit.AddressOf(0) + offset, length));
        unit.Examine().IsIsolating.ShouldBe(!overlaps);
        (unit.Examine().Reason.Contains("root pointer", StringComparison.Ordinal)).ShouldBe(overlaps);
        unit.Examine().Reason.Contains("1 requester IDs have the table of another", StringComparison.Ordinal).ShouldBe(offset == 0 && !overlaps);
    }

    [Fact]
    public void How_far_a_table_reaches_depends_on_the_length_of_its_entries()
    {
        Close();
        unit.Write(Sender, AmdViDeviceEntry.To(unit.AddressOf(0), 9));
        unit.Write(Sources.Id("00:02.0"), AmdViDeviceEntry.To(unit.AddressOf(0) + 2048, 9));
        unit.Examine().IsIsolating.ShouldBeTrue();
        unit.HasWideEntries = true;
        unit.Examine().IsIsolating.ShouldBeFalse();
    }

    [Fact]
    public void The_device_table_is_nobody_s_interrupt_table()
    {
        Close();
        ulong devices = unit.AddressOf(0) - (65536 * 32);
        unit.Write(Sender, AmdViDeviceEntry.To(devices + 0x1000, 9));
        unit.Examine().IsIsolating.ShouldBeFalse();
        unit.Examine().Reason.ShouldContain("device table");
    }

    private void Close()
    {
        for (int i = 0; i <= ushort.MaxValue; i++)
        {
            unit.Write(new RequesterId((ushort)i), AmdViDeviceEntry.Closed);
        }
    }
}
