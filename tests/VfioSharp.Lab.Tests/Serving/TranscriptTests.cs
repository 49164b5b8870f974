using VfioSharp.Devices.Emulation;
using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Samples;
using VfioSharp.Tests.Transcripts;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.Lab.Tests.Serving;

/// <summary>
/// The transcripts that the tests of VfioSharp.VfioUser replay (<c>Data/transcripts</c> there) are what QEMU says: recorded here, and written anew where
/// <c>VFIOSHARP_TRANSCRIPTS=write</c> asks for it.
/// </summary>
public class TranscriptTests
{
    private const string Name = "function";

    private static readonly string Folder = Path.Combine(Checkout.Root, "tests", "VfioSharp.VfioUser.Tests", "Data", "transcripts");

    [Fact]
    public Task A_Tally_behind_an_IOMMU_of_the_guest() => CompareAsync(
        "tally", new Tally(), Catalogue.X64("6.12", Iommu.IntelCachingMode), address => [$"open {address} Group", $"tally {address} 3", $"reset {address}", $"close {address}"]);

    [Fact]
    public Task An_endpoint_test_function_under_the_kernel_s_own_driver() => CompareAsync(
        "endpoint-test", new EndpointTest(), Catalogue.X64("6.12", Iommu.IntelCachingMode).With("iommu=pt"), _ => ["endpoint 32"]);

    [Fact]
    public Task A_function_with_registers_on_the_page_of_its_table() => CompareAsync(
        "shared-page", new SharedPage(), Catalogue.X64("6.12", Iommu.IntelCachingMode), address => [$"open {address} Group", $"registers {address} {SharedPage.Registers} 5"]);

    private static async Task CompareAsync(string transcript, EmulatedFunction function, Machine machine, Func<string, string[]> steps)
    {
        await using var server = new FunctionServer();
        server.Serve("server", function);
        machine = (machine with { Devices = [] }).WithServed(server.Folder, Name);
        await using var relay = new RecordingRelay(Path.Combine(server.Folder, Name), server["server"].Path);
        GuestRun run = await Lab.RunAsync(machine, "served", ["recorded", transcript], async guest =>
        {
            await guest.ReadyAsync();
            foreach (string step in steps(machine.AddressOf(Name)))
                await guest.DoAsync(step);
            await guest.EndAsync();
        });
        run.ShouldHaveSucceeded();

        string path = Path.Combine(Folder, $"{transcript}.txt");
        if (Environment.GetEnvironmentVariable("VFIOSHARP_TRANSCRIPTS") == "write")
            await File.WriteAllLinesAsync(path, Thinning.Of(relay.Messages).Select(message => message.ToString()), TestContext.Current.CancellationToken);

        // What a guest does depends on its kernel and its clock; how QEMU attaches does not.
        IEnumerable<string> recorded = Attachment(File.ReadLines(path).Select(TranscriptMessage.Parse));
        Attachment(Thinning.Of(relay.Messages)).ShouldBe(recorded, run.Describe());
    }

    private static IEnumerable<string> Attachment(IEnumerable<TranscriptMessage> messages) =>
        messages.Where(message => message.IsFromClient).TakeWhile(message => message.Command != (ushort)MessageCommand.DeviceReset).Select(message => message.ToString());
}
