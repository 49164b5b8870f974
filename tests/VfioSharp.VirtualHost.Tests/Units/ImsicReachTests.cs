
namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>Whether two groups reach one interrupt file, by device contexts and MSI page tables alone.</summary>
public class ImsicReachTests
{
    private readonly ImsicTables tables = new();

    [Fact]
    public void Two_address_spaces_with_a_file_each_are_isolated()
    {
        Devices(ImsicTables.Translating(0x2800_1000), ImsicTables.Translating(0x2800_2000));
        tables.Unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Fact]
    public void Two_address_spaces_with_one_file_are_not()
    {
        Devices(ImsicTables.Translating(0x2800_1000), ImsicTables.Translating(0x2800_1000));
        tables.Unit.Examine().IsIsolating.ShouldBeFalse();
        tables.Unit.Examine().Reason.ShouldBe(
            "devices 00:00.5 and 00:00.6 reach interrupt file 1 from different address spaces (iohgatp.GSCID 7 and 8)");
    }

    [Fact]
    public void Devices_of_one_address_space_may_have_a_file_in_common()
    {
        Devices(ImsicTables.Translating(0x2800_1000), ImsicTables.Translating(0x2800_1000), space: 7);
        tables.Unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Fact]
    public void Two_address_spaces_with_one_MSI_page_table_are_not_isolated()
    {
        tables.Entry(ImsicTables.Translating(0x2800_1000));
        tables.Context(6, (1UL << 60) | (tables.Page(1) >> 12), space: 8);
        tables.Unit.Examine().IsIsolating.ShouldBeFalse();
    }

    [Fact]
    public void A_supervisor_level_file_is_the_host_s_whoever_else_reaches_it()
    {
        tables.Entry(ImsicTables.Translating(0x2800_4000));
        tables.Unit.Examine().IsIsolating.ShouldBeFalse();
        tables.Unit.Examine().Reason.ShouldContain("supervisor-level interrupt file 4");
    }

    [Fact]
    public void Every_entry_that_the_mask_can_select_counts()
    {
        tables.Context(5, (1UL << 60) | (tables.Page(1) >> 12), mask: 0b11);
        tables.Entry(ImsicTables.Translating(0x2800_4000), index: 4);
        tables.Unit.Examine().IsIsolating.ShouldBeTrue("two bits select four");
        tables.Entry(ImsicTables.Translating(0x2800_4000), index: 3);
        tables.Unit.Examine().IsIsolating.ShouldBeFalse();
    }

    [Fact]
    public void A_mask_of_more_entries_than_there_is_memory_ends_with_the_memory()
    {
        tables.Context(5, (1UL << 60) | (tables.Page(1) >> 12), mask: (1UL << 52) - 1);
        tables.Unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Fact]
    public void Two_address_spaces_with_one_memory_resident_file_are_not_isolated()
    {
        tables.Unit.NoticeIdentity = 200;
        ulong notice = ImsicTables.Notice(0x2800_0000, 200);
        Devices(ImsicTables.Resident(tables.Page(3)), ImsicTables.Resident(tables.Page(3) + 512), notice);
        tables.Unit.Examine().IsIsolating.ShouldBeTrue("they have one notice, which says nothing but that a file has changed");
        Devices(ImsicTables.Resident(tables.Page(3)), ImsicTables.Resident(tables.Page(3)), notice);
        tables.Unit.Examine().IsIsolating.ShouldBeFalse();
    }

    [Fact]
    public void A_notice_reaches_a_file_as_a_message_does()
    {
        Devices(
            ImsicTables.Resident(tables.Page(3)), ImsicTables.Resident(tables.Page(3) + 512), ImsicTables.Notice(0x2800_1000, 1));
        tables.Unit.Examine().IsIsolating.ShouldBeFalse();
        Devices(ImsicTables.Resident(tables.Page(3)), 0, ImsicTables.Notice(0x2800_0000, 1));
        tables.Unit.Examine().IsIsolating.ShouldBeFalse("the identity is one that the host may have for itself");
    }

    [Fact]
    public void What_faults_reaches_nothing()
    {
        Devices(ImsicTables.Translating(0x2800_1000), ImsicTables.Translating(0x2800_1000) | (1UL << 63));
        tables.Unit.Examine().IsIsolating.ShouldBeTrue();
        Devices(ImsicTables.Translating(0x2800_1000), ImsicTables.Translating(0x2800_1000));
        tables.Write(0, (8 * 6) + 7, 1);
        tables.Unit.Examine().IsIsolating.ShouldBeTrue("the second context is misconfigured");
        tables.Write(0, (8 * 6) + 7, 0);
        tables.Unit.Examine().IsIsolating.ShouldBeFalse();
        tables.Write(0, 8 * 5, 0);
        tables.Unit.Examine().IsIsolating.ShouldBeTrue("the first context is not valid");
    }

    // Device 5 in address space 7 with the table on page 1, device 6 with that on page 2.
    private void Devices(ulong first, ulong second, ulong high = 0, ulong space = 8)
    {
        tables.Entry(first, high);
        tables.Entry(second, high, page: 2);
        tables.Context(6, (1UL << 60) | (tables.Page(2) >> 12), space);
    }
}
