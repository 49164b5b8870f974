using System.Globalization;
using System.Text.RegularExpressions;
using VfioSharp.Devices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Lab.Tests.Results;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Msix;
using VfioSharp.Samples;
using VfioSharp.Tests.Transcripts;
using VfioSharp.VfioUser;

namespace VfioSharp.Lab.Tests.Serving;

/// <summary>Debian's lspci in the guest lists the capabilities that this project finds: in the guest's configuration space, and over the socket.</summary>
public partial class LspciTests
{
    private static readonly Dictionary<string, EmulatedFunction> Functions = new() { ["tally"] = new Tally(), ["endpoint"] = new EndpointTest(), ["shared"] = new SharedPage() };

    private static readonly (string Lspci, string Ours)[] Names =
        [("Power Management", "Power Management"), ("MSI-X:", "MSI-X"), ("MSI:", "MSI"), ("Express ", "PCI Express")];

    [Theory]
    [InlineData("6.12")]
    [InlineData("7")]
    public async Task It_lists_the_capabilities_that_we_list(string kernel)
    {
        await using var server = new FunctionServer();
        foreach ((string name, EmulatedFunction function) in Functions)
            server.Serve(name, function);
        Machine machine = (Catalogue.X64(kernel, Iommu.IntelCachingMode) with { Devices = [], HasLspci = true }).WithServed(server.Folder, [.. Functions.Keys]);
        GuestRun run = await Lab.RunAsync(machine, "served", ["lspci"], async guest =>
        {
            await guest.ReadyAsync();
            foreach (string name in Functions.Keys)
            {
                await guest.DoAsync($"look {machine.AddressOf(name)}");
                await guest.DoAsync($"lspci {machine.AddressOf(name)}");
            }

            await guest.EndAsync();
        });

        run.ShouldHaveSucceeded();
        foreach ((string name, GuestResult look, GuestResult lspci) in Functions.Keys.Zip(run.All("look"), run.All("lspci")))
        {
            lspci.Number("status").ShouldBe(0, run.Describe());
            string text = string.Join('\n', lspci.Texts("lines"));
            TestContext.Current.TestOutputHelper!.WriteLine(text);
            var seen = new ConfigurationSpace(Convert.FromHexString(look.Text("configuration")!));
            await using PciFunction function = await VfioUserClient.ConnectAsync(
                server[name].Path, new VfioUserClientOptions { WaitForServer = TimeSpan.FromSeconds(10) }, TestContext.Current.CancellationToken);
            foreach (PciCapabilities capabilities in new[] { seen.Capabilities, function.Configuration.Read().Capabilities })
            {
                capabilities.All.Select(capability => (capability.Offset, capability.Name)).ShouldBe(Listed(text), text);
                MsixCapability msix = capabilities.Msix!.Value;
                text.ShouldContain($"[{msix.Offset:x2}] MSI-X: ");
                text.ShouldContain($" Count={msix.Vectors} Masked");
                text.ShouldContain($"Vector table: BAR={msix.TableBar} offset={msix.TableOffset:x8}");
                text.ShouldContain($"PBA: BAR={msix.PbaBar} offset={msix.PbaOffset:x8}");
            }
        }
    }

    // "Capabilities: [48] MSI-X: Enable- …"; lspci has shorter words for some.
    private static IEnumerable<(int Offset, string Name)> Listed(string text) =>
        from Match match in Capability().Matches(text)
        let words = match.Groups["words"].Value
        select (int.Parse(match.Groups["offset"].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture), Names.First(name => words.StartsWith(name.Lspci, StringComparison.Ordinal)).Ours);

    [GeneratedRegex(@"^\s*Capabilities: \[(?<offset>[0-9a-f]+)[^\]]*\] (?<words>.*)$", RegexOptions.Multiline)]
    private static partial Regex Capability();
}
