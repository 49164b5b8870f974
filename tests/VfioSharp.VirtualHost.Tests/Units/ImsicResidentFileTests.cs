using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>Memory-resident interrupt files and their notices (Advanced Interrupt Architecture 1.0, 8.3 and 8.5.2).</summary>
public class ImsicResidentFileTests
{
    private const ulong VirtualFile = ImsicTables.VirtualFile;
    private const uint NoticeIdentity = 200;

    private readonly ImsicTables tables = new();

    public ImsicResidentFileTests() => tables.Unit.NoticeIdentity = NoticeIdentity;

    [Theory]
    [InlineData(0, 0u)]
    [InlineData(0x200, 1u)]
    [InlineData(0xE00, 7u)]
    public void A_message_is_found_in_the_file_that_the_entry_names(int offset, uint number)
    {
        uint file = (uint)(tables.Page(2) >> 9) + number;
        tables.Entry(ImsicTables.Resident(tables.Page(2) + (ulong)offset), ImsicTables.Notice(0x2800_4000, NoticeIdentity));
        Write(0, 17).Interrupt.ShouldBe(new HostInterrupt(file, 17));
        Write(4, 0x1100_0000).Interrupt.ShouldBe(new HostInterrupt(file, 17));
        tables.Unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0x008UL, 17u, "reserved")]
    [InlineData(0xFF8UL, 17u, "reserved")]
    [InlineData(0x000UL, 2048u, "identity")] // beyond what a file holds
    [InlineData(0x000UL, 0u, "identity")] // recorded, and ignored by the host
    [InlineData(0x000UL, 256u, "identity")]
    [InlineData(0x004UL, 17u, "identity")]
    public void What_is_no_identity_is_not_found(ulong offset, uint data, string reason)
    {
        tables.Entry(ImsicTables.Resident(tables.Page(2)), ImsicTables.Notice(0x2800_4000, NoticeIdentity));
        Write(offset, data).Fault!.Text.ShouldContain(reason);
    }

    [Theory]
    [InlineData(0x8000_0000UL, (ulong)NoticeIdentity)] // no file's page
    [InlineData(0x2800_4000UL, 0UL)]
    [InlineData(0x2800_4000UL, 256UL)]
    [InlineData(0x2800_4000UL, 1024UL + NoticeIdentity)] // bit 10 stands apart
    public void A_notice_that_raises_nothing_is_no_delivery(ulong page, ulong identity)
    {
        tables.Entry(ImsicTables.Resident(tables.Page(2)), ImsicTables.Notice(page, identity));
        Write(0, 17).Fault!.Text.ShouldContain("notice");
    }

    [Fact]
    public void A_host_that_expects_no_notices_gets_none()
    {
        tables.Unit.NoticeIdentity = 0;
        tables.Entry(ImsicTables.Resident(tables.Page(2)), ImsicTables.Notice(0x2800_4000, 0));
        Write(0, 17).Fault!.Text.ShouldContain("notice");
    }

    [Theory]
    [InlineData(0x2800_4000UL, 201u, 4u)] // another identity of a supervisor-level file
    [InlineData(0x2800_2000UL, NoticeIdentity, 2u)] // a guest file
    public void A_notice_that_is_none_of_the_host_s_raises_what_it_says(ulong page, uint identity, uint file)
    {
        tables.Entry(ImsicTables.Resident(tables.Page(2)), ImsicTables.Notice(page, identity));
        Write(0, 17).Interrupt.ShouldBe(new HostInterrupt(file, identity));
    }

    [Fact]
    public void A_file_must_lie_in_memory_and_where_the_host_has_any()
    {
        tables.Entry(ImsicTables.Resident(0x8000_0000), ImsicTables.Notice(0x2800_2000, 1));
        Write(0, 17).Fault!.Text.ShouldContain("no memory-resident file");
        ulong elsewhere = tables.Memory.Allocate("elsewhere", 4096).Address;
        tables.Entry(ImsicTables.Resident(elsewhere), ImsicTables.Notice(0x2800_2000, 1));
        Write(0, 17).Interrupt.ShouldBe(new HostInterrupt(2, 1));
        tables.Entry(ImsicTables.Resident(elsewhere), ImsicTables.Notice(0x2800_4000, NoticeIdentity));
        Write(0, 17).Fault!.Text.ShouldContain("no memory-resident file");
        tables.Unit.Examine().IsIsolating.ShouldBeTrue();
    }

    private MessageOutcome Write(ulong offset, uint data) => tables.Unit.Receive(Sources.Id("00:00.5"), VirtualFile + offset, data);
}
