using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Tests.Addressing;

public sealed class PciAddressTests
{
    [Theory]
    [InlineData("0000:01:00.0", 0u, 1, 0, 0, "0000:01:00.0")]
    [InlineData("01:00.0", 0u, 1, 0, 0, "0000:01:00.0")]
    [InlineData("0:0.0", 0u, 0, 0, 0, "0000:00:00.0")]
    [InlineData("FFFF:Ff:1F.7", 0xffffu, 0xff, 0x1f, 7, "ffff:ff:1f.7")]
    [InlineData("10000:e0:01.0", 0x10000u, 0xe0, 1, 0, "10000:e0:01.0")]
    [InlineData("ffffffff:00:00.0", 0xffffffffu, 0, 0, 0, "ffffffff:00:00.0")]
    public void Addresses_are_read_and_written_as_Linux_does(string text, uint segment, int bus, int device, int function, string written)
    {
        PciAddress address = PciAddress.Parse(text);
        (address.Segment, (int)address.Bus, address.Device, address.Function).ShouldBe((segment, bus, device, function));
        address.ToString().ShouldBe(written);
        PciAddress.Parse(written).ShouldBe(address);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0000:01:00")]
    [InlineData("0000:01:00.8")]
    [InlineData("0000:01:20.0")]
    [InlineData("0000:100:00.0")]
    [InlineData("100000000:00:00.0")]
    [InlineData("0000:01:00.0 ")]
    [InlineData(" 0000:01:00.0")]
    [InlineData("0000:01:00.-1")]
    [InlineData("+000:01:00.0")]
    [InlineData("0x0:01:00.0")]
    [InlineData(":01:00.0")]
    [InlineData("0000::00.0")]
    [InlineData("a.b")]
    public void What_is_no_address_is_refused_by_name(string text)
    {
        PciAddress.TryParse(text, out _).ShouldBeFalse();
        Should.Throw<FormatException>(() => PciAddress.Parse(text)).Message.ShouldContain($"'{text}'");
    }

    [Fact]
    public void Parts_out_of_range_are_refused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new PciAddress(0, 0, 32, 0)).ParamName.ShouldBe("device");
        Should.Throw<ArgumentOutOfRangeException>(() => new PciAddress(0, 0, -1, 0)).ParamName.ShouldBe("device");
        Should.Throw<ArgumentOutOfRangeException>(() => new PciAddress(0, 0, 0, 8)).ParamName.ShouldBe("function");
        Should.Throw<ArgumentOutOfRangeException>(() => new PciAddress(0, 0, 0, -1)).ParamName.ShouldBe("function");
    }

    [Fact]
    public void Every_requester_ID_is_its_bus_device_and_function()
    {
        for (int id = 0; id <= ushort.MaxValue; id++)
        {
            var requester = new RequesterId((ushort)id);
            new PciAddress(3, requester.Bus, requester.Device, requester.Function).RequesterId.ShouldBe(requester);
        }
    }

    [Fact]
    public void Addresses_are_ordered_by_segment_then_bus_device_function()
    {
        string[] ordered = ["0000:00:00.0", "0000:00:00.7", "0000:00:01.0", "0000:01:00.0", "0001:00:00.0", "10000:00:00.0"];
        ordered.Reverse().Select(PciAddress.Parse).Order().Select(address => address.ToString()).ShouldBe(ordered);
        (PciAddress.Parse(ordered[0]) < PciAddress.Parse(ordered[1])).ShouldBeTrue();
        (PciAddress.Parse(ordered[5]) >= PciAddress.Parse(ordered[4])).ShouldBeTrue();
    }
}
