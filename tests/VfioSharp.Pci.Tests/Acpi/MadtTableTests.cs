using VfioSharp.Pci.Acpi;
using static VfioSharp.Pci.Tests.Acpi.AcpiBytes;

namespace VfioSharp.Pci.Tests.Acpi;

public sealed class MadtTableTests
{
    [Fact]
    public void The_captured_host_has_one_ioapic()
    {
        MadtTable table = MadtTable.Parse(Captured("x86-intel-ir.apic"));

        table.IoApics.ShouldHaveSingleItem().ShouldBe(new MadtIoApic(0, 0xfec00000, 0));
        table.OtherStructureCount.ShouldBe(7);
        table.InterruptTranslationServices.ShouldBeEmpty();
        table.MsiFrames.ShouldBeEmpty();
        table.Distributors.ShouldBeEmpty();
    }

    [Fact]
    public void An_arm_machine_has_its_distributor_translation_services_and_msi_frames()
    {
        MadtTable table = MadtTable.Parse(Arm());

        table.Findings.ShouldBeEmpty();
        table.Distributors.ShouldHaveSingleItem().ShouldBe(new MadtDistributor(0, 0x8000000, 3));
        table.GicCpuInterfaceCount.ShouldBe(1);
        table.RedistributorCount.ShouldBe(1);
        table.InterruptTranslationServices.ShouldBe([new MadtIts(5, 0x8080000), new MadtIts(6, 0x80a0000)]);
        table.MsiFrames.ShouldBe([new MadtMsiFrame(1, 0x8020000, 64, 80), new MadtMsiFrame(2, 0x8030000, 0, 0)]);
        table.OtherStructureCount.ShouldBe(0);
    }

    [Fact]
    public void A_risc_v_machine_has_its_harts_imsics_and_aplic()
    {
        MadtTable table = MadtTable.Parse(RiscV());

        table.Findings.ShouldBeEmpty();
        table.RiscvHarts.ShouldBe([new MadtRiscvHart(7, 0x01000002, 0x28000000, 0x4000), new MadtRiscvHart(8, 0, 0, 0)]);
        table.Imsics.ShouldHaveSingleItem().ShouldBe(new MadtImsic(255, 63, 2, 3, 1, 24));
        table.Aplics.ShouldHaveSingleItem().ShouldBe(new MadtAplic(9, 0, 96, 32, 0xd000000));
    }

    [Theory]
    [InlineData(1, 11)]
    [InlineData(12, 23)]
    [InlineData(13, 23)]
    [InlineData(15, 15)]
    [InlineData(24, 19)]
    [InlineData(25, 15)]
    [InlineData(26, 35)]
    public void A_structure_too_short_for_its_type_is_passed_over_with_a_finding(byte type, byte length)
    {
        MadtTable table = MadtTable.Parse(Madt([type, length, .. new byte[length - 2]], [1, 12, 4, 0, .. U32(0xfec00000), .. U32(24)]));

        table.IoApics.ShouldHaveSingleItem().ShouldBe(new MadtIoApic(4, 0xfec00000, 24));
        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain($"the structure of type {type} at 0x2c has {length} bytes");
        (table.Distributors.Count + table.MsiFrames.Count + table.InterruptTranslationServices.Count).ShouldBe(0);
        (table.RiscvHarts.Count + table.Imsics.Count + table.Aplics.Count).ShouldBe(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(77)]
    public void A_structure_of_an_impossible_length_ends_the_table(byte length)
    {
        MadtTable table = MadtTable.Parse(With(Captured("x86-intel-ir.apic"), 44 + 1, length));

        table.IoApics.ShouldBeEmpty();
        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain($"the structure at 0x2c has length {length}");
    }

    internal static byte[] Arm() => Madt(
        [12, 24, 0, 0, .. U32(0), .. U64(0x8000000), .. U32(0), 3, 0, 0, 0],
        [11, 80, .. new byte[78]],
        [14, 16, 0, 0, .. U64(0x80c0000), .. U32(0xf60000)],
        [15, 20, 0, 0, .. U32(5), .. U64(0x8080000), .. U32(0)],
        [15, 20, 0, 0, .. U32(6), .. U64(0x80a0000), .. U32(0)],
        [13, 24, 0, 0, .. U32(1), .. U64(0x8020000), .. U32(1), .. U16(64), .. U16(80)],
        [13, 24, 0, 0, .. U32(2), .. U64(0x8030000), .. U32(0), .. U16(64), .. U16(80)]);

    internal static byte[] RiscV() => Madt(
        [24, 36, 1, 0, .. U32(1), .. U64(7), .. U32(0), .. U32(0x01000002), .. U64(0x28000000), .. U32(0x4000)],
        [24, 20, 1, 0, .. U32(1), .. U64(8), .. U32(1)],
        [25, 16, 1, 0, .. U32(0), .. U16(255), .. U16(63), 2, 3, 1, 24],
        [26, 36, 1, 9, .. U32(0), .. U64(0), .. U16(0), .. U16(96), .. U32(32), .. U64(0xd000000), .. U32(0x8000)]);

    private static byte[] Madt(params byte[][] structures) => Table("APIC", [[.. U32(0xfee00000), .. U32(1)], .. structures]);
}
