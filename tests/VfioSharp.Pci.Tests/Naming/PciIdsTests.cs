using System.Text;
using VfioSharp.Pci.Naming;

namespace VfioSharp.Pci.Tests.Naming;

public sealed class PciIdsTests
{
    private const string File = """
        # a comment
        1af4  Red Hat, Inc.
        	1000  Virtio network device
        		1af4 0001  QEMU virtio network device
        	1001  Virtio block device
        1b36  Red Hat, Inc. (QEMU)
        	0010  QEMU NVM Express Controller
        C 01  Mass storage controller
        	08  Non-Volatile memory controller
        1b37  not a vendor: classes have begun
        """;

    private static PciIds Read(params (ushort, ushort)[] wanted) => PciIds.Read(Encoding.UTF8.GetBytes(File), wanted);

    [Fact]
    public void Names_of_the_wanted_are_found_and_no_others()
    {
        PciIds names = Read((0x1af4, 0x1000), (0x1b36, 0x0011), (0x1b37, 0));
        names.VendorName(0x1af4).ShouldBe("Red Hat, Inc.");
        names.DeviceName(0x1af4, 0x1000).ShouldBe("Virtio network device");
        names.DeviceName(0x1af4, 0x1001).ShouldBeNull();
        names.VendorName(0x1b36).ShouldBe("Red Hat, Inc. (QEMU)");
        names.DeviceName(0x1b36, 0x0011).ShouldBeNull();
        names.VendorName(0x1b37).ShouldBeNull();
    }

    [Fact]
    public void What_is_written_reads_the_same()
    {
        PciIds names = Read((0x1af4, 0x1000), (0x1b36, 0x0010));
        PciIds again = PciIds.Read(Encoding.UTF8.GetBytes(names.ToString()), [(0x1af4, 0x1000), (0x1b36, 0x0010)]);
        again.ToString().ShouldBe(names.ToString());
        again.DeviceName(0x1b36, 0x0010).ShouldBe("QEMU NVM Express Controller");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\t1000  a device before any vendor\n")]
    [InlineData("1af4\n1af\n1af4 x\nzzzz  no number\n")]
    public void Lines_that_make_no_sense_are_passed_over(string file) => PciIds.Read(Encoding.UTF8.GetBytes(file), [(0x1af4, 0x1000)]).IsEmpty.ShouldBeTrue();

    [Fact]
    public void What_a_terminal_would_obey_does_not_reach_one()
    {
        PciIds names = PciIds.Read("1234  A\u001b[2JB\u0007\u009b1mC\n\t0001  \u001bc\n"u8, [(0x1234, 1)]);
        names.VendorName(0x1234).ShouldBe("A?[2JB??1mC");
        names.DeviceName(0x1234, 1).ShouldBe("?c");
    }
}
