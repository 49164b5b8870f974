using VfioSharp.Devices.Access;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Msix;
using static VfioSharp.Samples.Tests.EndpointConstants;

namespace VfioSharp.Samples.Tests;

public sealed class EndpointRegisterTests : IAsyncDisposable
{
    private const uint Abilities = CapUnalignedAccess | CapMsi | CapMsix | CapIntx;

    private readonly EndpointRig rig = new();

    private Registers Registers => rig.Registers;

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public void The_kernel_s_driver_knows_it_by_its_numbers()
    {
        // PCI_DEVICE_ID_TI_DRA74x in include/linux/pci_ids.h; PCI_CLASS_OTHERS, the base class of pci-epf-test.c.
        ConfigurationSpace configuration = rig.Function.Configuration.Read();
        configuration.VendorId.ShouldBe((ushort)0x104C);
        configuration.DeviceId.ShouldBe((ushort)0xB500);
        configuration.ClassCode.ShouldBe(new ClassCode(0xFF, 0, 0));
        rig.Function.HasIntx.ShouldBeTrue();
        rig.Function.MsiVectorCount.ShouldBe(32);
        rig.Function.MsixVectorCount.ShouldBe(32);
    }

    [Fact]
    public void Six_BARs_of_memory_are_there_to_be_tested()
    {
        BarSet bars = rig.Function.Bars;
        Enumerable.Range(0, 6).Select(index => bars[index].Kind).ShouldAllBe(kind => kind == BarKind.Memory32);

        // default_bar_size[] of pci-epf-test.c in 7.3, but for BAR 0, which needs no more than a page.
        Enumerable.Range(0, 6).Select(index => bars[index].Length).ShouldBe([0x1000, 0x20000, 0x20000, 0x20000, 0x20000, 0x100000]);
    }

    [Theory]
    [InlineData(32, 0x1000)]
    [InlineData(128, 0x1000)]
    [InlineData(1024, 0x8000)]
    [InlineData(2048, 0x10000)]
    public async Task The_table_and_its_pending_bits_follow_the_registers(int vectors, ulong length)
    {
        await using var other = new EndpointRig(vectors);
        MsixCapability msix = other.Function.Msix!.Capability;
        msix.Vectors.ShouldBe(vectors);
        (msix.TableBar, msix.TableOffset).ShouldBe((0, 0x80ul));
        (msix.PbaBar, msix.PbaOffset).ShouldBe((0, 0x80ul + (16 * (ulong)vectors)));
        other.Function.Bars[0].Length.ShouldBe(length);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(2049)]
    public void Fewer_vectors_than_of_MSI_or_more_than_MSIX_has_are_refused(int vectors) =>
        Should.Throw<ArgumentOutOfRangeException>(() => new EndpointTest(vectors)).ParamName.ShouldBe("msixVectors");

    [Fact]
    public void At_first_all_registers_are_zero_but_two()
    {
        for (ulong offset = 0; offset < 0x40; offset += 4)
        {
            Registers.Read32(offset).ShouldBe(offset switch { Caps => Abilities, DoorbellBar => uint.MaxValue, _ => 0u }, $"0x{offset:x}");
        }
    }

    [Fact]
    public void A_register_keeps_what_is_written()
    {
        ulong[] offsets = [Magic, Status, LowerSource, UpperSource, LowerDestination, UpperDestination, Size, Checksum, IrqType, IrqNumber, Flags];
        foreach (ulong offset in offsets)
        {
            Registers.Write32(offset, 0xFEED_0000 | (uint)offset);
        }

        foreach (ulong offset in offsets)
        {
            Registers.Read32(offset).ShouldBe(0xFEED_0000 | (uint)offset);
        }
    }

    [Fact]
    public void What_it_can_do_is_not_the_driver_s_to_change()
    {
        Registers.Write32(Caps, 0);
        Registers.Read32(Caps).ShouldBe(Abilities);
    }

    [Fact]
    public void Behind_the_registers_is_nothing()
    {
        foreach (ulong offset in (ulong[])[0x40, 0x7C, 0x288, 0xFFC])
        {
            Registers.Write32(offset, uint.MaxValue);
            Registers.Read32(offset).ShouldBe(0u);
        }
    }

    [Fact]
    public void Registers_are_reached_in_all_widths()
    {
        // SRC_ADDR lies at 0xc, DST_ADDR at 0x14: an access of 64 bits takes halves of two registers.
        Registers.Write64(0x10, 0x1111_2222_3333_4444);
        Registers.Read32(UpperSource).ShouldBe(0x3333_4444u);
        Registers.Read32(LowerDestination).ShouldBe(0x1111_2222u);
        Registers.Read64(0x10).ShouldBe(0x1111_2222_3333_4444ul);
        Registers.Write16(UpperSource + 2, 0xABCD);
        Registers.Write8(UpperSource + 1, 0xEF);
        Registers.Read32(UpperSource).ShouldBe(0xABCD_EF44u);
        Registers.Read16(UpperSource + 2).ShouldBe((ushort)0xABCD);
        Registers.Read8(UpperSource + 3).ShouldBe((byte)0xAB);
        Registers.Read32(LowerSource).ShouldBe(0u);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void A_command_is_taken_in_any_width(int width)
    {
        rig.TellBy(Msix, 1);
        switch (width)
        {
            case 1:
                Registers.Write8(Command, (byte)RaiseMsix);
                break;
            case 2:
                Registers.Write16(Command, (ushort)RaiseMsix);
                break;
            default:
                Registers.Write64(Magic, (ulong)RaiseMsix << 32);
                break;
        }

        Registers.Read32(Status).ShouldBe(IrqRaised);
        Registers.Read32(Command).ShouldBe(0u);
    }

    [Fact]
    public async Task A_reset_brings_the_defaults_and_leaves_plain_memory()
    {
        using Bar plain = rig.Function.MapBar(3);
        plain.Registers.Write32(0x100, 42);
        Registers.Write32(Magic, 1);
        Registers.Write32(DoorbellBar, 1);
        rig.TellBy(Intx, 0);
        Registers.Write32(Command, RaiseIntx);
        rig.IsLineUp.ShouldBeTrue();
        await rig.Function.ResetAsync(TestContext.Current.CancellationToken);
        rig.IsLineUp.ShouldBeFalse();
        At_first_all_registers_are_zero_but_two();
        plain.Registers.Read32(0x100).ShouldBe(42u);
    }
}
