using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Pci.Mapping;
using VfioSharp.Tests.Transcripts;
using VfioSharp.VfioUser;

namespace VfioSharp.Lab.Tests.Serving;

/// <summary>
/// What this project is about, at its far end: the same function served twice in one guest, once with its MSI-X table's page mapped, once with it trapped. A
/// register beside the table costs nothing in the one, a message each time in the other.
/// </summary>
public class TableDecisionTests
{
    private const string Mapped = "mapped";
    private const string Trapped = "trapped";
    private const int Times = 1000;
    private const ulong Page = 0x1000;

    [Theory]
    [InlineData("6.12")]
    [InlineData("7")]
    public async Task A_register_beside_the_table_costs_no_message_where_its_page_is_mapped_and_one_each_time_where_it_is_trapped(string kernel)
    {
        await using var server = new FunctionServer();
        server.Serve(Mapped, new SharedPage());
        server.Serve(Trapped, new SharedPage(), new VfioUserServerOptions { TableRule = MsixTableRule.NeverMap });
        server[Mapped].Decisions.Single().Access.ShouldBe(MsixTableAccess.Mapped);
        server[Trapped].Decisions.Single().Access.ShouldBe(MsixTableAccess.Trapped);

        Machine machine = (Catalogue.X64(kernel, Iommu.IntelCachingMode) with { Devices = [] }).WithServed(server.Folder, Mapped, Trapped);
        string map = "";
        Dictionary<string, Counts> counts = [];
        GuestRun run = await Lab.RunAsync(machine, "served", ["table"], async guest =>
        {
            await guest.ReadyAsync();
            foreach (string name in new[] { Mapped, Trapped })
                await guest.DoAsync($"open {machine.AddressOf(name)} Group");
            map = await guest.Qmp.AskMonitorAsync("info mtree -f", TestContext.Current.CancellationToken);
            foreach (string name in new[] { Mapped, Trapped })
            {
                Counts before = Counts.Of(server[name]);
                await guest.DoAsync($"registers {machine.AddressOf(name)} {SharedPage.Registers} {Times}");
                counts[name] = Counts.Of(server[name]) - before;
            }

            await guest.EndAsync();
        });

        run.ShouldHaveSucceeded();
        string described = string.Join('\n', counts.Select(each => $"{each.Key}: {Times} writes and {Times} reads of the register at 0x{SharedPage.Registers:x} cost {each.Value}"));
        MemoryPiece[] mapped = PageOf(map, Mapped);
        MemoryPiece[] trapped = PageOf(map, Trapped);
        string[] lines = ["info mtree -f, the table's page:", .. mapped.Concat(trapped).Select(piece => piece.ToString()), described];
        TestContext.Current.TestOutputHelper!.WriteLine(string.Join('\n', lines));
        await File.WriteAllLinesAsync(Path.Combine(Checkout.LabFolder, $"table-decision.{kernel}"), lines, TestContext.Current.CancellationToken);

        // QEMU keeps the table itself to itself in both.
        mapped.Select(piece => (piece.First & (Page - 1), piece.Last & (Page - 1), piece.Kind)).ShouldBe([(0UL, 0x7FUL, "i/o"), (0x80UL, 0xFFFUL, "ramd")]);
        trapped.Select(piece => (piece.First & (Page - 1), piece.Last & (Page - 1), piece.Kind)).ShouldBe([(0UL, 0x7FUL, "i/o"), (0x80UL, 0xFFFUL, "i/o")]);

        // The guest's own library maps the page in both: what differs is what QEMU does with it.
        run.All("registers").ShouldAllBe(result => result.Text("table") == "Mapped", run.Describe());
        counts[Mapped].ShouldBe(new Counts(0, 0, 0), described);
        counts[Trapped].ShouldBe(new Counts(2 * Times, Times, Times), described);
    }

    // The BAR begins where QEMU says so; its third page is the table's.
    private static MemoryPiece[] PageOf(string map, string name)
    {
        MemoryPiece[] pieces = [.. MemoryPiece.Read(map)];
        ulong start = pieces.Single(piece => piece.Name == $"vfio-user:{name} BAR 0").First + (2 * Page);
        return [.. pieces.Where(piece => piece.First >= start && piece.Last < start + Page)];
    }

    private readonly record struct Counts(long Messages, long Reads, long Writes)
    {
        public static Counts Of(VfioUserServer server) =>
            new(server.Statistics.Messages, server.Statistics.RegionReads[0], server.Statistics.RegionWrites[0]);

        public static Counts operator -(Counts left, Counts right) => new(left.Messages - right.Messages, left.Reads - right.Reads, left.Writes - right.Writes);

        public override string ToString() => $"{Messages} messages: {Reads} reads and {Writes} writes of BAR 0";
    }
}
