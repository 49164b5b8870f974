using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Samples;
using VfioSharp.VfioUser;

namespace VfioSharp.Lab.Tests.Serving;

/// <summary>A function of ours under a driver that nobody here wrote: the one that Linux tests PCI endpoints with.</summary>
public class EndpointTests
{
    private const string Name = "endpoint";
    private const int Vectors = 32;

    [Theory]
    [InlineData("")]
    [InlineData("iommu=pt")]
    public async Task It_passes_every_case_of_the_kernel_s_driver(string commandLine)
    {
        await using var server = new FunctionServer();
        server.Serve(Name, new EndpointTest());
        Machine machine = (Catalogue.X64("6.12", Iommu.IntelCachingMode) with { Devices = [] }).With(commandLine).WithServed(server.Folder, Name);
        GuestRun run = await Lab.RunAsync(machine, "served", [Name], async guest =>
        {
            await guest.ReadyAsync();
            await guest.DoAsync($"look {machine.AddressOf(Name)}");
            await guest.DoAsync($"endpoint {Vectors}");
            await guest.EndAsync();
        });

        run.ShouldHaveSucceeded();
        run.One("look").Text("driver").ShouldBe("pci-endpoint-test", run.Describe());
        run.All("case").Select(each => each.Text("name")!).ShouldBe(Expected());
        run.All("case").ShouldAllBe(each => each.Flag("succeeded") == true && each.Number("errno") == 0, run.Describe());

        // One for each interrupt asked for, and one for each transfer; the line's may come twice, for a level is masked after it has been seen.
        VfioUserStatistics statistics = server[Name].Statistics;
        int transfers = Expected().Count(name => name.Contains(','));
        statistics.Interrupts.ShouldBeInRange(1 + (2 * Vectors) + transfers, 1 + (2 * Vectors) + transfers + 1 + (transfers / 3));
        (statistics.Faults, statistics.Refusals, statistics.MemoryMessages).ShouldBe((0, 0, 0));
        run.EmulatorText.ShouldNotContain("vfio", Case.Insensitive);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{Expected().Length} cases, {statistics.Messages} messages, {statistics.Interrupts} interrupts, {run.Duration.TotalSeconds:0.0} s");
    }

    // include/uapi/linux/pcitest.h, with the sizes of tools/pci/pcitest.sh, both of 6.12.
    private static string[] Expected()
    {
        List<string> names = [.. Enumerable.Range(0, 6).Select(bar => $"BAR {bar}"), .. Taken("INTx"), "INTx"];
        foreach (string kind in new[] { "MSI", "MSI-X" })
            names.AddRange([.. Taken(kind), .. Enumerable.Range(1, Vectors).Select(vector => $"{kind} {vector}")]);
        foreach (string kind in new[] { "INTx", "MSI", "MSI-X" })
        {
            names.AddRange(Taken(kind));
            foreach (int size in new[] { 1, 1024, 1025, 1024000, 1024001 })
                names.AddRange([$"read, {kind}, {size}", $"write, {kind}, {size}", $"copy, {kind}, {size}"]);
        }

        return [.. names, "give the vectors back"];
    }

    private static string[] Taken(string kind) => [$"take {kind}", $"have {kind}"];
}
