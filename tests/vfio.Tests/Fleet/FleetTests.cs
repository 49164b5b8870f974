using System.Text.Json;

namespace VfioSharp.Cli.Tests.Fleet;

/// <summary>vfio fleet: many hosts at once.</summary>
public sealed class FleetTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Hosts_of_the_same_hardware_stand_together_apart_by_kernel_and_reason()
    {
        Copy("x86-intel-ir", "one.tar.gz");
        Copy("x86-intel-ir", "rack/two.tar.gz");
        Copy("x86-intel-ir-off-by-cmdline", "rack/three.tar.gz");
        Copy("s390x-zpci", "four.tgz");
        CliRun run = CliRun.Of("fleet", folder.Path);
        run.Status.ShouldBe(1);
        run.Error.ShouldBeEmpty();
        run.Output.ShouldContain("3 hosts: x86_64, 9 functions: Non-volatile memory controller [1b36:0010], ");
        run.Output.ShouldContain("     2  isolated; Linux 7.3.4+deb13-amd64; Intel VT-d\n        one, two\n");
        run.Output.ShouldContain("     1  not isolated; Linux 7.3.4+deb13-amd64; Intel VT-d: the host's IO-APICs are plain IO-APIC: interrupt remapping is not in use\n        three\n");
        run.Output.ShouldContain("1 host: s390x, 4 functions: ");
        run.Output.ShouldContain("4 hosts: 3 isolated, 1 not isolated, 0 unknown.\nTo isolate 1 host: enable VT-d ");
    }

    [Fact]
    public void A_line_of_JSON_a_host_says_what_its_audit_says()
    {
        string json = folder.File("audit.json", CliRun.Of("audit", "--root", CapturedHost.Archive("arm64-smmuv3-its"), "--json").Output);
        Copy("arm64-smmuv3-its", "snapshot.tar.gz");
        CliRun run = CliRun.Of("fleet", folder.Path, "--ndjson", "-");
        run.Status.ShouldBe(0);
        JsonElement[] hosts = [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];
        hosts.Select(host => host.GetProperty("host").GetString()).ShouldBe(["audit", "snapshot"]);
        hosts[0].GetRawText().Replace("\"audit\"", "\"snapshot\"", StringComparison.Ordinal).ShouldBe(hosts[1].GetRawText());

        JsonElement audit = JsonElement.Parse(File.ReadAllText(json));
        hosts[0].GetProperty("schema").GetString().ShouldBe("vfiosharp.fleet/1");
        hosts[0].GetProperty("isolated").GetInt32().ShouldBe(audit.GetProperty("functions").GetArrayLength());
        foreach ((JsonElement said, JsonElement function) in hosts[0].GetProperty("functions").EnumerateArray().Zip(audit.GetProperty("functions").EnumerateArray()))
        {
            foreach (string field in new[] { "address", "driver", "iommuGroup", "assignable", "kernelAccepts" })
            {
                JsonElement.DeepEquals(said.GetProperty(field), function.GetProperty(field)).ShouldBeTrue(field);
            }

            foreach (string field in new[] { "verdict", "platform", "reason", "advice" })
            {
                JsonElement.DeepEquals(said.GetProperty(field), function.GetProperty("isolation").GetProperty(field)).ShouldBeTrue(field);
            }
        }
    }

    [Fact]
    public void The_lines_can_go_to_a_file_beside_the_report()
    {
        Copy("x86-amd-ir", "a.tar.gz");
        CliRun run = CliRun.Of("fleet", folder["a.tar.gz"], "--ndjson", folder["fleet.ndjson"]);
        run.Output.ShouldContain("1 host: ");
        File.ReadAllLines(folder["fleet.ndjson"]).Length.ShouldBe(1);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_told_and_keeps_nobody_else_from_being_judged()
    {
        Copy("x86-intel-ir", "good.tar.gz");
        folder.File("bad.tar.gz", "no archive");
        folder.File("bad.json", "[]");
        CliRun run = CliRun.Of("fleet", folder.Path);
        run.Status.ShouldBe(2);
        run.Output.ShouldContain($"unreadable  {folder["bad.json"]}: it is no document");
        run.Output.ShouldContain($"unreadable  {folder["bad.tar.gz"]}: ");
        run.Output.ShouldContain("1 host: 1 isolated, 0 not isolated, 0 unknown, 2 unreadable.\n");

        CliRun lines = CliRun.Of("fleet", folder.Path, "--ndjson", "-");
        lines.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(1);
        lines.Error.ShouldContain($"vfio: {folder["bad.json"]}: ");
    }

    [Fact]
    public void Where_there_are_no_hosts_it_says_how_to_make_some()
    {
        CliRun.Of("fleet", folder.Path).ShouldBeRefused(66, folder.Path, "holds no snapshots", "vfio snapshot -o FILE");
        CliRun.Of("fleet", folder["none"]).ShouldBeRefused(66, folder["none"], "there is no such file or folder");
        CliRun.Of("fleet").Status.ShouldBe(64);
    }

    [Theory, MemberData(nameof(CapturedHost.All), MemberType = typeof(CapturedHost))]
    public void The_verdict_on_a_host_is_the_exit_status_of_its_audit(string host) =>
        CliRun.Of("fleet", CapturedHost.Archive(host)).Status.ShouldBe(CliRun.Of("audit", "--root", CapturedHost.Archive(host)).Status);

    private void Copy(string host, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder[path])!);
        File.Copy(CapturedHost.Archive(host), folder[path]);
    }
}
