using VfioSharp.Pci.Addressing;
using VfioSharp.Tests.Shared;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Units.RiscV;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>
/// A RISC-V IOMMU's MSI page tables and what lies behind them, as the specifications have them (IOMMU 1.0, chapter 2; Advanced Interrupt Architecture
/// 1.0, chapters 3 and 8).
/// </summary>
public class ImsicUnitTests
{
    private const ulong VirtualFile = ImsicTables.VirtualFile;
    private const string Device = "00:00.5";

    private readonly ImsicTables tables = new();

    private ImsicUnit Unit => tables.Unit;

    [Fact]
    public void After_reset_nothing_passes()
    {
        Unit.DirectoryPointer = 0;
        Write(VirtualFile, 1).Fault!.Code.ShouldBe(256);
        Unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Fact]
    public void Where_the_IOMMU_is_Bare_everybody_reaches_every_file()
    {
        Unit.DirectoryPointer = 1;
        Write(VirtualFile + 0x6000, 17).Interrupt.ShouldBe(new HostInterrupt(6, 17)); // hart 1's second guest file
        Unit.Examine().IsIsolating.ShouldBeFalse();
        Unit.Examine().Reason.ShouldContain("Bare");
    }

    [Theory]
    [InlineData(0x000UL, 1u, 1u)]
    [InlineData(0x000UL, 255u, 255u)]
    [InlineData(0x004UL, 0xFF00_0000u, 255u)] // seteipnum_be
    [InlineData(0x004UL, 0x0100_0000u, 1u)]
    public void A_file_takes_an_identity_in_either_byte_order(ulong offset, uint data, uint identity)
    {
        tables.Entry(ImsicTables.Translating(0x2800_2000));
        Write(VirtualFile + offset, data).Interrupt.ShouldBe(new HostInterrupt(2, identity));
    }

    [Theory]
    [InlineData(0x000UL, 0u, "identity")]
    [InlineData(0x000UL, 256u, "identity")]
    [InlineData(0x000UL, 0x0100_0000u, "identity")] // big-endian where little-endian is due
    [InlineData(0x004UL, 1u, "identity")]
    [InlineData(0x008UL, 1u, "reserved")]
    [InlineData(0xFFCUL, 1u, "reserved")]
    public void What_a_file_does_not_implement_it_ignores(ulong offset, uint data, string reason)
    {
        tables.Entry(ImsicTables.Translating(0x2800_2000));
        Write(VirtualFile + offset, data).Fault!.Text.ShouldContain(reason);
        Unit.Blocked.ShouldBe(1);
    }

    [Theory]
    [InlineData(0x2800_8000UL)] // beyond the last hart
    [InlineData(0x2400_0000UL)] // a machine-level file is none that functions may have
    [InlineData(0x8000_0000UL)]
    public void A_page_without_a_file_takes_nothing(ulong page)
    {
        tables.Entry(ImsicTables.Translating(page));
        Write(VirtualFile, 1).Fault!.Text.ShouldContain("no interrupt file");
    }

    [Fact]
    public void What_is_no_virtual_file_takes_the_regular_way()
    {
        tables.Entry(ImsicTables.Translating(0x2800_2000));
        Write(VirtualFile + 0x1000, 1).Fault!.Code.ShouldBe(23);
        tables.Write(0, (8 * 5) + 1, 0); // iohgatp.MODE Bare
        Write(VirtualFile + 0x1000, 1).Interrupt.ShouldBe(new HostInterrupt(1, 1));
        Write(VirtualFile, 1).Interrupt.ShouldBe(new HostInterrupt(2, 1));
        Unit.Examine().IsIsolating.ShouldBeFalse();
        Unit.Examine().Reason.ShouldContain("iohgatp.MODE");
    }

    [Fact]
    public void Without_an_MSI_page_table_nothing_is_a_virtual_file()
    {
        tables.Context(5, msiptp: 0);
        Write(VirtualFile, 1).Fault!.Code.ShouldBe(23);
        Unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0b1010_0110UL, 0b1111_1111UL, 0b1111UL)]
    [InlineData(0b1010_0110UL, 0b1000_0000UL, 0b1000UL)]
    [InlineData(0b1010_0110UL, 0b0111_1001UL, 0b0100UL)]
    [InlineData(0b1010_0110UL, 0b0000_0010UL, 0b0001UL)]
    [InlineData(0UL, ulong.MaxValue, 0UL)]
    [InlineData(ulong.MaxValue, 0x1234_5678_9ABC_DEF0UL, 0x1234_5678_9ABC_DEF0UL)]
    public void The_bits_that_a_mask_selects_are_packed_in_order(ulong mask, ulong value, ulong expected) =>
        DeviceContext.Extract(value, mask).ShouldBe(expected);

    [Fact]
    public void The_mask_s_bits_select_an_entry()
    {
        tables.Context(5, (1UL << 60) | (tables.Page(1) >> 12), mask: 0b101);
        tables.Entry(ImsicTables.Translating(0x2800_1000), index: 0);
        tables.Entry(ImsicTables.Translating(0x2800_5000), index: 3);
        Write(VirtualFile, 9).Interrupt.ShouldBe(new HostInterrupt(1, 9));
        Write(VirtualFile + 0x5000, 9).Interrupt.ShouldBe(new HostInterrupt(5, 9));
        Write(VirtualFile + 0x4000, 9).Fault!.Code.ShouldBe(262);
        Write(VirtualFile + 0x2000, 9).Fault!.Code.ShouldBe(23, "bit 1 is not in the mask and must match");
    }

    [Theory]
    [InlineData(0b110UL, 262)] // V is 0
    [InlineData(0b001UL, 263)] // M is 0
    [InlineData(0b101UL, 263)] // M is 2
    [InlineData(0b111UL | (1UL << 63), 263)] // C, of which this IOMMU has no use
    [InlineData(0b111UL | (1UL << 3), 263)]
    [InlineData(0b111UL | (1UL << 9), 263)]
    [InlineData(0b111UL | (1UL << 54), 263)]
    [InlineData(0b111UL | (1UL << 62), 263)]
    [InlineData(0b011UL | (1UL << 3), 263)]
    [InlineData(0b011UL | (1UL << 6), 263)]
    [InlineData(0b011UL | (1UL << 54), 263)]
    public void An_entry_must_be_well_formed(ulong low, int cause)
    {
        tables.Entry(low);
        Write(VirtualFile, 1).Fault!.Code.ShouldBe(cause);
    }

    [Theory]
    [InlineData(1UL << 54, 263)]
    [InlineData(1UL << 59, 263)]
    [InlineData(1UL << 61, 263)]
    [InlineData(1UL << 63, 263)]
    public void The_second_doubleword_matters_to_a_memory_resident_file_alone(ulong high, int cause)
    {
        tables.Entry(ImsicTables.Resident(tables.Page(2)), high);
        Write(VirtualFile, 1).Fault!.Code.ShouldBe(cause);
        tables.Entry(ImsicTables.Translating(0x2800_2000), high);
        Write(VirtualFile, 1).IsDelivered.ShouldBeTrue();
    }

    [Fact]
    public void An_MSI_page_table_must_lie_in_memory()
    {
        tables.Context(5, (1UL << 60) | 0x8_0000);
        Write(VirtualFile, 1).Fault!.Code.ShouldBe(261);
        Unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0, 1UL << 1)] // EN_ATS
    [InlineData(0, 1UL << 2)] // EN_PRI
    [InlineData(0, 1UL << 3)] // T2GPA
    [InlineData(0, 1UL << 6)] // PRPR
    [InlineData(0, 1UL << 7)] // GADE
    [InlineData(0, 1UL << 8)] // SADE
    [InlineData(0, 1UL << 9)] // DPE without PDTV
    [InlineData(0, 1UL << 10)] // SBE
    [InlineData(0, 1UL << 11)] // SXL
    [InlineData(0, 1UL << 12)]
    [InlineData(0, 1UL << 24)]
    [InlineData(0, 1UL << 32)]
    [InlineData(1, 1UL << 60)] // Sv48x4
    [InlineData(1, 1UL)] // a root that is not aligned to 16 KiB
    [InlineData(1, 2UL)]
    [InlineData(2, 1UL)]
    [InlineData(2, 1UL << 32)]
    [InlineData(3, 8UL << 60)] // a first stage
    [InlineData(3, 1UL << 44)]
    [InlineData(4, 2UL << 60)] // neither Off nor Flat
    [InlineData(4, 1UL << 44)]
    [InlineData(4, 1UL << 59)]
    [InlineData(5, 1UL << 52)]
    [InlineData(6, 1UL << 63)]
    [InlineData(7, 1UL)]
    public void A_device_context_must_not_ask_for_what_is_reserved_or_not_implemented(int word, ulong bits)
    {
        tables.Entry(ImsicTables.Translating(0x2800_2000));
        Write(VirtualFile, 1).IsDelivered.ShouldBeTrue();
        int at = (8 * 5) + word;
        tables.Write(0, at, Unit.Tables.Read(at) ^ bits);
        Write(VirtualFile, 1).Fault!.Code.ShouldBe(259);
    }

    [Theory]
    [InlineData(0, 1UL << 4)] // DTF
    [InlineData(0, 1UL << 5)] // PDTV, with an empty process directory
    [InlineData(0, 0x220UL)] // PDTV and DPE
    [InlineData(1, 4UL)]
    [InlineData(2, 0xFFFF_F000UL)] // PSCID
    public void Some_of_a_device_context_does_not_matter_to_messages(int word, ulong bits)
    {
        tables.Entry(ImsicTables.Translating(0x2800_2000));
        int at = (8 * 5) + word;
        tables.Write(0, at, Unit.Tables.Read(at) ^ bits);
        Write(VirtualFile, 1).IsDelivered.ShouldBeTrue();
    }

    [Fact]
    public void A_device_without_a_context_sends_nothing()
    {
        Unit.Receive(Sources.Id("00:00.6"), VirtualFile, 1).Fault!.Code.ShouldBe(258);
        Unit.DirectoryPointer = (0x8_0000UL << 10) | 2;
        Write(VirtualFile, 1).Fault!.Code.ShouldBe(257);
    }

    [Theory]
    [InlineData("00:07.7", 1)]
    [InlineData("7f:1f.7", 2)]
    [InlineData("ff:1f.7", 3)]
    public void A_directory_of_more_levels_holds_more_devices(string last, int levels)
    {
        uint device = Sources.Id(last).Value;
        tables.Entry(ImsicTables.Translating(0x2800_2000));
        int page = 3;
        Unit.DirectoryPointer = (tables.Page(page) >> 12 << 10) | ((uint)levels + 1);
        for (int level = levels - 1; level > 0; level--, page++)
        {
            tables.Write(page, (int)(device >> (6 + (9 * (level - 1)))) & 0x1FF, (tables.Page(page + 1) >> 12 << 10) | 1);
        }

        int at = (int)(device & 63) * 8;
        tables.Write(page, at, 1);
        tables.Write(page, at + 1, 8UL << 60);
        tables.Write(page, at + 4, (1UL << 60) | (tables.Page(1) >> 12));
        tables.Write(page, at + 6, VirtualFile >> 12);
        Unit.Receive(Sources.Id(last), VirtualFile, 1).Interrupt.ShouldBe(new HostInterrupt(2, 1));
        if (device < 0xFFFF)
        {
            Unit.Receive(new RequesterId((ushort)(device + 1)), VirtualFile, 1).Fault!.Code.ShouldBe(260);
        }
    }

    [Theory]
    [InlineData(0UL, 258)]
    [InlineData(1UL << 1, 259)]
    [InlineData(1UL << 9, 259)]
    [InlineData(1UL << 54, 259)]
    [InlineData(1UL << 63, 259)]
    public void An_entry_of_the_directory_must_be_well_formed(ulong bits, int cause)
    {
        Unit.DirectoryPointer = (tables.Page(3) >> 12 << 10) | 3;
        tables.Write(3, 0, (tables.Page(0) >> 12 << 10) | 1);
        tables.Entry(ImsicTables.Translating(0x2800_2000));
        Write(VirtualFile, 1).IsDelivered.ShouldBeTrue();
        tables.Write(3, 0, bits == 0 ? tables.Page(0) >> 12 << 10 : Unit.Tables.Read(3 * 512) | bits);
        Write(VirtualFile, 1).Fault!.Code.ShouldBe(cause);
    }

    [Fact]
    public void A_directory_must_lie_in_memory_on_all_levels()
    {
        Unit.DirectoryPointer = (tables.Page(3) >> 12 << 10) | 3;
        tables.Write(3, 0, (0x8_0000UL << 10) | 1);
        Write(VirtualFile, 1).Fault!.Code.ShouldBe(257);
        Unit.DirectoryPointer = (0x8_0000UL << 10) | 4;
        Write(VirtualFile, 1).Fault!.Code.ShouldBe(257);
    }

    [Theory]
    [InlineData(2, 0x27FF_FFFCUL, false)]
    [InlineData(2, 0x2800_0000UL, true)]
    [InlineData(2, 0x2800_7FFCUL, true)]
    [InlineData(2, 0x2800_8000UL, false)]
    [InlineData(3, 0x2800_FFFCUL, true)]
    public void Messages_are_writes_to_where_the_files_lie(int harts, ulong address, bool isMessage) =>
        new ImsicTables(harts).Unit.IsMessage(address).ShouldBe(isMessage);

    [Fact]
    public void A_translation_allocates_nothing()
    {
        RequesterId requester = Sources.Id(Device);
        tables.Entry(ImsicTables.Translating(0x2800_2000));
        Allocations.Of(() => Unit.Filter(requester, VirtualFile, 1)).ShouldBe(0);
        Allocations.Of(() => Unit.Filter(requester, VirtualFile, 0)).ShouldBe(0);
    }

    private MessageOutcome Write(ulong address, uint data) => Unit.Receive(Sources.Id(Device), address, data);
}
