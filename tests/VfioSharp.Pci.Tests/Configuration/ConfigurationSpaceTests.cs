using VfioSharp.Pci.Configuration;

namespace VfioSharp.Pci.Tests.Configuration;

public class ConfigurationSpaceTests
{
    [Theory]
    [InlineData("host-bridge", 0x8086, 0x29C0, "060000", HeaderType.Endpoint, false)]
    [InlineData("root-port", 0x1B36, 0x000C, "060400", HeaderType.Bridge, true)]
    [InlineData("switch-downstream", 0x104C, 0x8233, "060400", HeaderType.Bridge, false)]
    [InlineData("e1000", 0x8086, 0x100E, "020000", HeaderType.Endpoint, false)]
    [InlineData("ahci", 0x8086, 0x2922, "010601", HeaderType.Endpoint, true)]
    [InlineData("nvme", 0x1B36, 0x0010, "010802", HeaderType.Endpoint, false)]
    [InlineData("igb-vf", 0xFFFF, 0xFFFF, "020000", HeaderType.Endpoint, false)]
    public void The_header_tells_what_a_function_is(string name, int vendor, int device, string classCode, HeaderType type, bool multi)
    {
        ConfigurationSpace space = FunctionDump.Load(name).Space;
        space.VendorId.ShouldBe((ushort)vendor);
        space.DeviceId.ShouldBe((ushort)device);
        space.ClassCode.ToString().ShouldBe(classCode);
        space.HeaderType.ShouldBe(type);
        space.IsMultiFunction.ShouldBe(multi);
        space.IsAbsent.ShouldBeFalse();
    }

    [Theory]
    [InlineData("pcie-to-pci-bridge", 6, 7, 7)]
    [InlineData("switch-upstream", 2, 3, 5)]
    [InlineData("root-port", 0, 1, 1)]
    [InlineData("e1000", 0, 0, 0)]
    public void A_bridge_tells_its_buses(string name, int primary, int secondary, int subordinate)
    {
        ConfigurationSpace space = FunctionDump.Load(name).Space;
        (space.PrimaryBus, space.SecondaryBus, space.SubordinateBus).ShouldBe(((byte)primary, (byte)secondary, (byte)subordinate));
    }

    [Theory]
    [InlineData("e1000", 0x1AF4, 0x1100)]
    [InlineData("root-port", 0x1B36, 0x0000)]
    [InlineData("pcie-to-pci-bridge", null, null)]
    public void The_subsystem_is_in_the_header_or_in_a_bridges_capability(string name, int? vendor, int? id)
    {
        ConfigurationSpace space = FunctionDump.Load(name).Space;
        space.SubsystemVendorId.ShouldBe((ushort?)vendor);
        space.SubsystemId.ShouldBe((ushort?)id);
    }

    [Fact]
    public void The_command_register_tells_what_is_enabled()
    {
        FunctionDump.Load("igb").Space.Command
            .ShouldBe(PciCommand.IoSpace | PciCommand.MemorySpace | PciCommand.BusMaster | PciCommand.SerrEnable | PciCommand.InterruptDisable);
        FunctionDump.Load("igb-vf").Space.Command.HasFlag(PciCommand.BusMaster).ShouldBeTrue();
        FunctionDump.Load("e1000").Space.Command.HasFlag(PciCommand.InterruptDisable).ShouldBeFalse();
    }

    [Fact]
    public void The_interrupt_pin_and_the_revision_are_read()
    {
        FunctionDump.Load("e1000").Space.InterruptPin.ShouldBe((byte)1);
        FunctionDump.Load("host-bridge").Space.InterruptPin.ShouldBe((byte)0);
        FunctionDump.Load("e1000").Space.Revision.ShouldBe((byte)3);
        FunctionDump.SpaceOf(64, "03d: 04").InterruptPin.ShouldBe((byte)4);
    }

    [Fact]
    public void A_cardbus_bridge_keeps_its_subsystem_and_its_buses_elsewhere()
    {
        ConfigurationSpace space = FunctionDump.SpaceOf(256, "00e: 82", "018: 02 03 06", "040: 34 12 78 56");
        space.HeaderType.ShouldBe(HeaderType.CardBus);
        (space.PrimaryBus, space.SecondaryBus, space.SubordinateBus).ShouldBe(((byte)2, (byte)3, (byte)6));
        space.SubsystemVendorId.ShouldBe((ushort)0x1234);
        space.SubsystemId.ShouldBe((ushort)0x5678);
        FunctionDump.SpaceOf(64, "00e: 82").SubsystemVendorId.ShouldBeNull();
    }

    [Theory]
    [InlineData(0x03)]
    [InlineData(0x7F)]
    public void A_header_type_that_nobody_defined_is_other(int type)
    {
        ConfigurationSpace space = FunctionDump.SpaceOf(64, $"00e: {type:x2}", "018: 01 02 03", "02c: 01 02 03 04");
        space.HeaderType.ShouldBe(HeaderType.Other);
        space.SecondaryBus.ShouldBe((byte)0);
        space.SubsystemVendorId.ShouldBeNull();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(256)]
    [InlineData(4096)]
    public void What_reads_all_ones_is_absent(int length)
    {
        var ones = new byte[length];
        Array.Fill(ones, byte.MaxValue);
        var space = new ConfigurationSpace(ones);
        space.IsAbsent.ShouldBeTrue();
        space.HeaderType.ShouldBe(HeaderType.Other);
        space.IsMultiFunction.ShouldBeFalse();
        space.SecondaryBus.ShouldBe((byte)0);
        space.InterruptPin.ShouldBe((byte)0);
        space.Capabilities.All.ShouldBeEmpty();
        space.Findings.Length.ShouldBe(length == 0 ? 0 : 1);
    }

    [Theory]
    [InlineData(64, false, false)]
    [InlineData(65, true, false)]
    [InlineData(256, true, false)]
    [InlineData(4096, true, true)]
    public void How_much_could_be_read_is_told(int length, bool capabilities, bool extended)
    {
        var space = new ConfigurationSpace(new byte[length]);
        space.Length.ShouldBe(length);
        space.HoldsCapabilities.ShouldBe(capabilities);
        space.HoldsExtendedCapabilities.ShouldBe(extended);
    }

    [Fact]
    public void Beyond_the_image_everything_reads_all_ones()
    {
        var space = new ConfigurationSpace(new byte[256]);
        foreach (int offset in new[] { 256, 4096, int.MaxValue, -1, int.MinValue })
        {
            space.Read8(offset).ShouldBe(byte.MaxValue);
            space.Read16(offset).ShouldBe(ushort.MaxValue);
            space.Read32(offset).ShouldBe(uint.MaxValue);
            space.TryRead8(offset, out _).ShouldBeFalse();
        }

        space.Read16(255).ShouldBe(ushort.MaxValue);
        space.Read16(254).ShouldBe((ushort)0);
        space.Read32(253).ShouldBe(uint.MaxValue);
        space.TryRead32(252, out _).ShouldBeTrue();
    }

    [Fact]
    public void An_image_that_is_too_long_is_cut()
    {
        var space = new ConfigurationSpace(new byte[5000]);
        space.Length.ShouldBe(4096);
        space.TryRead8(4096, out _).ShouldBeFalse();
    }

    [Fact]
    public void Values_are_little_endian()
    {
        ConfigurationSpace space = FunctionDump.SpaceOf(64, "010: 01 02 03 04");
        space.Read16(0x10).ShouldBe((ushort)0x0201);
        space.Read32(0x10).ShouldBe(0x04030201u);
    }

    [Fact]
    public void A_class_code_is_taken_from_the_number_that_sysfs_shows() =>
        ClassCode.FromValue(0x010802).ShouldBe(new ClassCode(1, 8, 2));
}
