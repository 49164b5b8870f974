namespace VfioSharp.Cli.Tests.Hosting;

/// <summary>What <c>vfio host</c> cannot make, and how it says so.</summary>
public sealed class HostRefusalTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("host", "which host? --bridge is one of none, vtd, amdvi, ioda, ioda2, its, v2m, s390, imsic")]
    [InlineData("host --bridge", "--bridge")]
    [InlineData("host --bridge plx", "--bridge plx: not one of none, vtd")]
    [InlineData("host --bridge 3", "--bridge 3: not one of")]
    [InlineData("host --bridge its --nosid", "source checks", "are VT-d's, not Its's")]
    [InlineData("host --bridge amdvi --compatibility-format", "are VT-d's, not AmdVi's")]
    [InlineData("host --bridge ioda --advertised-only", "Ioda does not remap interrupts")]
    [InlineData("host --bridge none --advertised-only", "None does not remap interrupts")]
    [InlineData("host --bridge vtd --no-iommu", "only arm64 is there without its IOMMU")]
    [InlineData("host --bridge vtd --interrupt-files own", "interrupt files are RISC-V's, not Vtd's")]
    [InlineData("host --bridge imsic --interrupt-files many", "--interrupt-files many: not one of shared, own, mrif")]
    [InlineData("host --bridge vtd --dialect welsh", "--dialect welsh: not one of silent, sparse, patchSeries, msixMappable")]
    [InlineData("host --bridge vtd --dialect 2", "--dialect 2: not one of")]
    [InlineData("host --bridge vtd --processors 0", "1 to 254 processors, not 0")]
    [InlineData("host --bridge vtd --processors 255", "1 to 254 processors, not 255")]
    [InlineData("host --bridge vtd --processors some", "--processors some: not a number")]
    [InlineData("host --bridge vtd --rule perhaps", "--rule perhaps")]
    [InlineData("host --bridge vtd --frobnicate", "--frobnicate")]
    [InlineData("host --bridge vtd --attack --serve x", "--attack and --serve exclude each other")]
    [InlineData("host --bridge vtd --trace", "--trace goes with --serve")]
    [InlineData("host --bridge vtd --seed 2", "--seed goes with --attack")]
    [InlineData("host --bridge vtd --attack --seed two", "--seed two: not a number")]
    [InlineData("snapshot --of-host -o x", "which host?")]
    [InlineData("snapshot --of-host --bridge its --nosid -o x", "are VT-d's, not Its's")]
    [InlineData("snapshot --of-host --bridge its --root / -o x", "--of-host and --root exclude each other")]
    [InlineData("snapshot --bridge its -o x", "--bridge goes with --of-host")]
    [InlineData("snapshot --nosid -o x", "--nosid goes with --of-host")]
    public void A_host_that_cannot_be_ends_with_64_and_a_sentence(string line, params string[] said) =>
        CliRun.Of(line.Split(' ')).ShouldBeRefused(64, said).Error.ShouldNotContain("System.");

    [Theory]
    [InlineData("{", "not JSON: ")]
    [InlineData("[]", "the plan is no object with hostBridges")]
    [InlineData("""{ "hostBridges": [] }""", "the host has no host bridge")]
    [InlineData("""{ "bridges": [] }""", "the plan has 'bridges', which means nothing there; there are: hostBridges")]
    [InlineData("""{ "hostBridges": [ { "slots": [ { "at": "01.0", "model": "tally", "driver": "vfio" } ] } ] }""",
        "hostBridges[0].slots[0].driver is 'vfio'; there are: native, vfio-pci, none")]
    [InlineData("""{ "hostBridges": [ { "slots": [ { "at": "01.0", "bridge": "upstreamPort" } ] } ] }""", "root bus 0000:00, 01.0 is a UpstreamPort, which does not belong on a root bus")]
    [InlineData("""{ "hostBridges": [ { "slots": [ { "at": "01.0", "model": "disk" } ] } ] }""", "01.0 is a 'disk', which there is no model of; there are: tally, nvme, endpoint-test")]
    [InlineData("""{ "hostBridges": [ { "slots": [ { "at": "01.1", "model": "tally" } ] } ] }""", "root bus 0000:00, 01.1 is never found: its device has no function 0")]
    public void A_broken_topology_ends_with_64_and_names_the_place_and_the_rule(string json, string said)
    {
        string file = folder.File("topology.json", json);
        CliRun.Of("host", "--bridge", "vtd", "--topology", file).ShouldBeRefused(64, "--topology", said);
        CliRun.Of("snapshot", "--of-host", "--bridge", "vtd", "--topology", file, "-o", folder["out"]).ShouldBeRefused(64, said);
        File.Exists(folder["out"]).ShouldBeFalse();
    }

    [Fact]
    public void A_bridge_on_s390x_is_refused_by_its_place() =>
        CliRun.Of("host", "--bridge", "s390", "--topology", folder.File("topology.json", """{ "hostBridges": [ { "slots": [ { "at": "02.0", "bridge": "rootPort" } ] } ] }"""))
            .ShouldBeRefused(64, folder["topology.json"], "root bus 0000:00, 02.0 is a bridge: firmware of s390x hides bridges");

    [Fact]
    public void A_topology_that_is_not_there_ends_with_66_and_one_that_cannot_be_read_with_74()
    {
        CliRun.Of("host", "--bridge", "vtd", "--topology", folder["none.json"]).ShouldBeRefused(66, $"--topology {folder["none.json"]}: there is no such file");
        CliRun.Of("host", "--bridge", "vtd", "--topology", folder["no/such.json"]).ShouldBeRefused(66, "there is no such file");
        CliRun.Of("host", "--bridge", "vtd", "--topology", "").ShouldBeRefused(66, "--topology: its name is empty");
        CliRun.Of("host", "--bridge", "vtd", "--topology", folder.Path).ShouldBeRefused(74, $"--topology {folder.Path}: it is a folder");
    }

    [Fact]
    public void Where_no_socket_can_be_made_it_ends_with_74_and_leaves_none_behind()
    {
        string taken = folder.File("host/0000:02:00.0.sock", "precious");
        CliRun.Of("host", "--bridge", "vtd", "--serve", folder["host"]).ShouldBeRefused(74, taken, "is there and no socket");
        Directory.GetFileSystemEntries(folder["host"]).ShouldBe([taken]);
        CliRun.Of("host", "--bridge", "vtd", "--serve", folder.File("file", "")).ShouldBeRefused(74, folder["file"]);
        CliRun.Of("host", "--bridge", "vtd", "--serve", "").ShouldBeRefused(64, "--serve '': a folder needs a name");
    }

    [Fact]
    public void A_host_that_has_given_nothing_to_vfio_has_nothing_to_serve()
    {
        string file = folder.File("topology.json", """{ "hostBridges": [ { "slots": [ { "at": "01.0", "model": "tally" } ] } ] }""");
        CliRun.Of("host", "--bridge", "vtd", "--topology", file, "--serve", folder["host"]).ShouldBeRefused(64, "there is nothing to serve");
        Directory.Exists(folder["host"]).ShouldBeFalse();
    }
}
