using VfioSharp.Pci.Acpi;
using static VfioSharp.Pci.Tests.Acpi.AcpiBytes;

namespace VfioSharp.Pci.Tests.Acpi;

public sealed class AcpiTableTests
{
    public static TheoryData<string> CapturedTables { get; } =
    [
        "x86-intel-ir.dmar", "x86-intel-noir.dmar", "x86-intel-ir-rich.dmar", "x86-amd-ir.ivrs", "x86-amd-noir.ivrs", "x86-intel-ir.apic",
    ];

    [Theory]
    [MemberData(nameof(CapturedTables))]
    public void A_captured_table_is_read_to_its_end_without_a_finding(string name)
    {
        AcpiTable table = Parse(name, Captured(name));

        table.Findings.ShouldBeEmpty();
        table.IsComplete.ShouldBeTrue();
        table.ChecksumValid.ShouldBeTrue();
        AcpiTableHeader header = table.Header.ShouldNotBeNull();
        header.Length.ShouldBe((uint)Captured(name).Length);
        header.OemId.ShouldBe("BOCHS");
        header.OemTableId.ShouldBe("BXPC");
        header.CreatorId.ShouldBe("BXPC");
    }

    [Theory]
    [MemberData(nameof(CapturedTables))]
    public void A_captured_table_cut_off_at_any_byte_is_incomplete_and_says_so(string name)
    {
        byte[] whole = Captured(name);
        for (int length = 0; length < whole.Length; length++)
        {
            AcpiTable table = Parse(name, whole[..length]);

            table.IsComplete.ShouldBeFalse($"{length} bytes");
            table.ChecksumValid.ShouldBeFalse($"{length} bytes");
            table.Findings.ShouldNotBeEmpty($"{length} bytes");
            (table.Header is null).ShouldBe(length < 36, $"{length} bytes");
        }
    }

    [Theory]
    [MemberData(nameof(CapturedTables))]
    public void A_captured_table_whose_length_is_cut_short_at_any_byte_is_read_up_to_there(string name)
    {
        byte[] whole = Captured(name);
        for (int length = 36; length < whole.Length; length++)
        {
            Parse(name, Fix(whole[..length])).ShouldNotBeNull();
        }
    }

    [Theory]
    [MemberData(nameof(CapturedTables))]
    public void Every_single_flipped_bit_of_a_captured_table_is_noticed(string name)
    {
        byte[] whole = Captured(name);
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] flipped = [.. whole];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));

            AcpiTable table = Parse(name, flipped);

            table.ChecksumValid.ShouldBeFalse($"bit {bit}");
            table.Findings.ShouldNotBeEmpty($"bit {bit}");
        }
    }

    [Theory]
    [MemberData(nameof(CapturedTables))]
    public void A_wrong_checksum_is_a_finding_and_the_content_is_read_all_the_same(string name)
    {
        byte[] bytes = Captured(name);
        bytes[9]++;

        AcpiTable table = Parse(name, bytes);

        table.ChecksumValid.ShouldBeFalse();
        table.IsComplete.ShouldBeTrue();
        table.Findings.ShouldHaveSingleItem().ShouldContain("checksum is wrong: the bytes add up to 0x01");
    }

    [Theory]
    [MemberData(nameof(CapturedTables))]
    public void Another_table_s_signature_makes_it_no_such_table(string name)
    {
        AcpiTable table = Parse(name, With(Captured(name), 0, (byte)'F', (byte)'A', 7, (byte)'P'));

        table.Header.ShouldBeNull();
        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain("'FA?P'");
    }

    [Theory]
    [MemberData(nameof(CapturedTables))]
    public void A_length_beyond_the_bytes_is_a_finding(string name)
    {
        byte[] bytes = Captured(name);
        AcpiTable table = Parse(name, With(bytes, 4, U32((uint)bytes.Length + 1)));

        table.IsComplete.ShouldBeFalse();
        table.ChecksumValid.ShouldBeFalse();
        table.Findings.ShouldContain(finding => finding.Contains($"{bytes.Length + 1} bytes, of which {bytes.Length} are there"));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(35u)]
    [InlineData(36u)]
    [InlineData(47u)]
    public void A_length_that_does_not_cover_the_fixed_part_leaves_nothing_to_read(uint length)
    {
        DmarTable table = DmarTable.Parse(With(Captured("x86-intel-ir.dmar"), 4, U32(length)));

        table.Units.ShouldBeEmpty();
        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain("too few for this table");
    }

    [Theory]
    [MemberData(nameof(CapturedTables))]
    public void Bytes_behind_the_length_do_not_belong_to_the_table(string name)
    {
        AcpiTable table = Parse(name, [.. Captured(name), 1, 2, 3]);

        table.Findings.ShouldBeEmpty();
        table.ChecksumValid.ShouldBeTrue();
    }

    [Fact]
    public void A_hostile_table_does_not_make_findings_without_end()
    {
        byte[] scopeless = [0, 0, 16, 0, .. new byte[12]];
        byte[] short1 = [0, 0, 4, 0];
        byte[] table = Table("DMAR", new byte[12], [.. Enumerable.Repeat(short1, 5000).SelectMany(bytes => bytes)], scopeless);

        DmarTable parsed = DmarTable.Parse(table);

        parsed.Units.Count.ShouldBe(1);
        parsed.Findings.Count.ShouldBe(17);
        parsed.Findings[^1].ShouldBe("DMAR: 4984 more findings");
    }

    [Fact]
    public void Mutated_tables_of_all_kinds_never_throw_and_their_queries_end()
    {
        byte[][] captured = [.. CapturedTables.Select(row => Captured(row.Data))];
        byte[][] seeds = [.. captured, IortTableTests.ThroughSmmu(), MadtTableTests.Arm(), MadtTableTests.RiscV()];
        Fuzz.Run(4000, random =>
        {
            byte[] seed = seeds[random.Next(seeds.Length)];
            byte[] mutated = Fuzz.Mutate(random, seed);
            seed.AsSpan(0, Math.Min(4, mutated.Length)).CopyTo(mutated);
            TableQueries.AskAll(random, mutated);
        });
    }

    private static AcpiTable Parse(string name, byte[] bytes) => Path.GetExtension(name) switch
    {
        ".dmar" => DmarTable.Parse(bytes),
        ".ivrs" => IvrsTable.Parse(bytes),
        _ => MadtTable.Parse(bytes),
    };
}
