using System.Text.Json;
using VfioSharp.Cli.Tests.Audit;

namespace VfioSharp.Cli.Tests.Hosting;

/// <summary><c>vfio host</c>: a host in software, judged as a real one is.</summary>
public sealed class HostTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, int, bool> Switches => HostSwitches.All;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("vtd", "--bridge vtd")]
    [InlineData("vtd-nosid", "--bridge vtd --nosid")]
    public void The_text_is_the_golden_one(string name, string options)
    {
        Assert.SkipUnless(Environment.SystemPageSize == 4096, "the texts are those of a host with pages of 4K");
        CliRun run = HostSwitches.Run(options);
        run.Error.ShouldBeEmpty();
        Golden.ShouldMatch(run.Output, $"host-{name}");
    }

    [Theory]
    [MemberData(nameof(Switches))]
    public void It_ends_as_its_audit_does_and_keeps_the_audits_contract(string options, int status, bool isOpen)
    {
        CliRun text = HostSwitches.Run(options);
        text.Status.ShouldBe(status);
        text.Error.ShouldBeEmpty();

        CliRun json = HostSwitches.Run(options, "--json");
        json.Status.ShouldBe(status);
        AuditDocument.Check(json.Json());
        string[] verdicts = [.. Endpoints(json).Select(function => function.GetProperty("isolation").GetProperty("verdict").GetString()!).Distinct()];
        verdicts.ShouldBe([status == 2 ? "unknown" : isOpen ? "notIsolated" : "isolated"]);
    }

    [Theory]
    [MemberData(nameof(Switches))]
    public void What_the_hardware_says_stands_below_the_audit(string options, int status, bool isOpen)
    {
        string[] lines = HostSwitches.Run(options).Output.Split('\n');
        int hardware = Array.FindIndex(lines, line => line.StartsWith("Hardware below bus 0000:00: ", StringComparison.Ordinal));
        hardware.ShouldBeGreaterThan(0, status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        bool confined = lines[hardware + 1].StartsWith("  Messages  confined: ", StringComparison.Ordinal);
        confined.ShouldBe(!isOpen || options == "--bridge its --no-iommu");
        lines[hardware + 2].ShouldBe(confined ? "  Flag      MSI-isolated, given when the bus was made" : "  Flag      not MSI-isolated");
        lines.Any(line => line.StartsWith("  But       no IOMMU translates its DMA", StringComparison.Ordinal)).ShouldBe(options == "--bridge its --no-iommu");
    }

    [Theory]
    [MemberData(nameof(Switches))]
    public void Its_snapshot_is_judged_the_same(string options, int status, bool isOpen)
    {
        _ = isOpen;
        CliRun snapshot = CliRun.Of(["snapshot", "--of-host", .. options.Split(' '), "-o", folder["host.tar.gz"]]);
        snapshot.Status.ShouldBe(0, snapshot.Error);
        snapshot.Output.ShouldEndWith($"functions; judge it with: vfio audit --root {folder["host.tar.gz"]}\n");
        CliRun audit = CliRun.Of("audit", "--root", folder["host.tar.gz"], "--json");
        audit.Status.ShouldBe(status);
        audit.Output.ShouldBe(HostSwitches.Run(options, "--json").Output);
    }

    [Theory]
    [InlineData("silent", "4.4.")]
    [InlineData("sparse", "4.9.")]
    [InlineData("patchSeries", "4.13.")]
    [InlineData("msixMappable", "6.18.")]
    public void The_dialect_is_that_of_a_kernel_of_its_time(string dialect, string release) =>
        HostSwitches.Run($"--bridge vtd --dialect {dialect}", "--json").Json().GetProperty("host").GetProperty("kernel").GetString()!.ShouldStartWith(release);

    [Theory]
    [InlineData("vtd", "x86_64")]
    [InlineData("amdvi", "x86_64")]
    [InlineData("none", "x86_64")]
    [InlineData("ioda", "ppc64le")]
    [InlineData("ioda2", "ppc64le")]
    [InlineData("its", "aarch64")]
    [InlineData("v2m", "aarch64")]
    [InlineData("s390", "s390x")]
    [InlineData("imsic", "riscv64")]
    public void It_has_its_platforms_architecture(string bridge, string architecture) =>
        HostSwitches.Run($"--bridge {bridge}", "--json").Json().GetProperty("host").GetProperty("architecture").GetString().ShouldBe(architecture);

    [Theory]
    [InlineData("--bridge vtd --nosid", true)]
    [InlineData("--bridge vtd --advertised-only", false)]
    [InlineData("--bridge vtd --advertised-only --allow-unsafe-interrupts", true)]
    [InlineData("--bridge v2m", false)]
    [InlineData("--bridge v2m --allow-unsafe-interrupts", true)]
    public void What_its_kernel_accepts_is_not_the_verdict(string options, bool accepts) =>
        Endpoints(HostSwitches.Run(options, "--json")).ShouldAllBe(function => function.GetProperty("kernelAccepts").GetBoolean() == accepts);

    [Theory]
    [InlineData("--bridge vtd", "requireIsolation", "msisIsolated")]
    [InlineData("--bridge vtd", "neverMap", "policyForbids")]
    [InlineData("--bridge v2m", "acceptRisk", "riskAccepted")]
    public void The_caller_may_bring_a_rule(string options, string rule, string reason) =>
        Endpoints(HostSwitches.Run(options, "--json", "--rule", rule)).ShouldAllBe(function => function.GetProperty("table").GetProperty("reason").GetString() == reason);

    [Fact]
    public void The_topology_of_the_documentation_is_one()
    {
        string text = File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../docs/virtual-host.md"));
        string json = text[(text.IndexOf("```json\n", StringComparison.Ordinal) + 8)..];
        string file = folder.File("topology.json", json[..json.IndexOf("```", StringComparison.Ordinal)]);

        // Two root ports, a switch of three ports, two bridges to conventional buses; what vfio-pci holds, two virtual functions among it.
        JsonElement[] functions = [.. HostSwitches.Run("--bridge vtd", "--json", "--topology", file).Json().GetProperty("functions").EnumerateArray()];
        functions.Count(function => function.GetProperty("classCode").GetString() == "060400").ShouldBe(7);
        functions.Count(function => function.GetProperty("driver").GetString() == "vfio-pci").ShouldBe(4);
        functions.Count(function => function.GetProperty("physicalFunction").ValueKind == JsonValueKind.String).ShouldBe(2);
    }

    private static string ThisFile([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;

    // Bridges have no table.
    private static IEnumerable<JsonElement> Endpoints(CliRun run) =>
        run.Json().GetProperty("functions").EnumerateArray().Where(function => function.GetProperty("msix").ValueKind == JsonValueKind.Object);
}
