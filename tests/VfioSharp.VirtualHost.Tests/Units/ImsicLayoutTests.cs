using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.RiscV;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>Where interrupt files lie (Advanced Interrupt Architecture 1.0, 3.6): S, G1, G2, … of each hart, a power of two of pages a hart.</summary>
public class ImsicLayoutTests
{
    [Theory]
    [InlineData(1, 0, 0, 0, 0x2800_0000UL)]
    [InlineData(4, 0, 3, 0, 0x2800_3000UL)]
    [InlineData(4, 3, 2, 1, 0x2800_9000UL)] // four pages a hart
    [InlineData(4, 4, 2, 4, 0x2801_4000UL)] // eight
    [InlineData(256, 63, 255, 63, 0x2BFF_F000UL)]
    public void A_file_has_a_page(int harts, int guestFiles, int hart, int guest, ulong address)
    {
        var layout = new ImsicLayout(harts, guestFiles);
        uint file = layout.FileOf(hart, guest);
        ImsicLayout.AddressOf(file).ShouldBe(address);
        layout.FileAt(address + 0xFFC).ShouldBe(file);
        layout.IsFile(file).ShouldBeTrue();
        layout.IsSupervisorLevel(file).ShouldBe(guest == 0);
        layout.HartOf(file).ShouldBe(hart);
    }

    [Fact]
    public void Not_every_page_has_a_file()
    {
        var layout = new ImsicLayout(harts: 3, guestFiles: 2);
        layout.Pages.ShouldBe(16);
        Enumerable.Range(0, 17).Where(file => layout.IsFile((uint)file)).ShouldBe([0, 1, 2, 4, 5, 6, 8, 9, 10]);
        layout.HartMask.ShouldBe(0b1100UL);
        layout.Contains(0x2800_FFFF).ShouldBeTrue();
        layout.Contains(0x2801_0000).ShouldBeFalse();
        layout.Contains(0x27FF_FFFF).ShouldBeFalse();
        layout.IsFile(layout.FileAt(0x2801_0000)).ShouldBeFalse();
    }

    [Theory]
    [InlineData(0, 0, 255)]
    [InlineData(257, 0, 255)]
    [InlineData(1, -1, 255)]
    [InlineData(1, 64, 255)]
    [InlineData(1, 0, -1)]
    [InlineData(1, 0, 62)]
    [InlineData(1, 0, 128)]
    [InlineData(1, 0, 2111)]
    public void Files_are_as_the_architecture_allows(int harts, int guestFiles, int identities) =>
        Should.Throw<ArgumentOutOfRangeException>(() => new ImsicLayout(harts, guestFiles, identities));

    [Fact]
    public void An_IOMMU_has_no_more_pages_than_address_spaces() =>
        Should.Throw<ArgumentOutOfRangeException>(() => new ImsicUnit(new HostMemory(), new ImsicLayout(1, 0), pages: 65537));
}
