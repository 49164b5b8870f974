using System.Text.Json;

namespace VfioSharp.Cli.Tests.Fleet;

/// <summary>vfio diff: what a change has done to isolation.</summary>
public sealed class DiffTests : IDisposable
{
    private static readonly string Remapping = CapturedHost.Archive("x86-intel-ir");
    private static readonly string Off = CapturedHost.Archive("x86-intel-ir-off-by-cmdline");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_host_that_lost_its_remapping_is_less_isolated_and_told_what_helps()
    {
        CliRun run = CliRun.Of("diff", Remapping, Off);
        run.Status.ShouldBe(1);
        run.Error.ShouldBeEmpty();
        run.Output.ShouldContain("before  x86-intel-ir: x86_64, Linux 7.3.4+deb13-amd64, 4K pages, 9 functions");
        run.Output.ShouldContain("0000:00:03.0 Non-volatile memory controller [1b36:0010]\n  verdict        isolated -> notIsolated\n  kernelAccepts  true -> false\n  table          mapped -> trapped\n"
            + "  because        its vectors are delivered by PCI-MSIX: messages reach the processors as they are written\n");
        run.Output.ShouldContain("Functions: 9 less isolated.\nTo isolate: enable VT-d with interrupt remapping in the firmware");
    }

    [Fact]
    public void Turned_round_it_is_more_isolated() =>
        CliRun.Of("diff", Off, Remapping).Output.ShouldEndWith("Functions: 9 more isolated.\n");

    [Theory]
    [InlineData("x86-intel-ir")]
    [InlineData("s390x-zpci")]
    public void A_snapshot_and_the_JSON_of_its_audit_are_the_same_host(string host)
    {
        string json = folder.File($"{host}.json", CliRun.Of("audit", "--root", CapturedHost.Archive(host), "--json").Output);
        CliRun run = CliRun.Of("diff", CapturedHost.Archive(host), json);
        run.Status.ShouldBe(0);
        run.Output.ShouldEndWith("Nothing differs.\n");
    }

    [Fact]
    public void What_came_and_went_and_what_changed_otherwise_is_counted()
    {
        JsonElement document = Diff(CapturedHost.Archive("x86-intel-ir"), CapturedHost.Archive("x86-intel-ir-rich"));
        document.GetProperty("schema").GetString().ShouldBe("vfiosharp.diff/1");
        Dictionary<string, int> changes = document.GetProperty("functions").EnumerateArray().CountBy(function => function.GetProperty("change").GetString()!).ToDictionary();

        // 9 functions before and 36 after, as the captures have them; each address of either stands once.
        string[] before = [.. CapturedHost.Truth("x86-intel-ir").Select(line => line.GetProperty("bdf").GetString()!)];
        before.ShouldNotBeEmpty();
        int same = document.GetProperty("unchanged").GetInt32();
        (changes.GetValueOrDefault("gone") + changes.GetValueOrDefault("different") + same).ShouldBe(9);
        (changes.GetValueOrDefault("new") + changes.GetValueOrDefault("different") + same).ShouldBe(36);
    }

    [Fact]
    public void JSON_has_each_field_with_what_it_was_and_is()
    {
        JsonElement function = Diff(Remapping, Off).GetProperty("functions").EnumerateArray().Single(each => each.GetProperty("address").GetString() == "0000:00:03.0");
        function.GetProperty("change").GetString().ShouldBe("different");
        function.GetProperty("isolation").GetString().ShouldBe("less");
        function.GetProperty("fields").EnumerateArray().Select(field => (field.GetProperty("field").GetString(), field.GetProperty("before").GetString(), field.GetProperty("after").GetString()))
            .ShouldBe([("verdict", "isolated", "notIsolated"), ("kernelAccepts", "true", "false"), ("table", "mapped", "trapped")]);
    }

    [Fact]
    public void Without_a_second_it_is_this_machine_now()
    {
        string now = folder["now.tar.gz"];
        CliRun.Of("snapshot", "-o", now).Status.ShouldBe(0);
        CliRun run = CliRun.Of("diff", now);
        run.Status.ShouldBe(0, run.Output);
        run.Output.ShouldContain("after   now: ");
    }

    [Fact]
    public void What_is_missing_or_no_host_is_named()
    {
        CliRun.Of("diff", folder["none.tar.gz"], Off).ShouldBeRefused(66, folder["none.tar.gz"], "there is no such file");
        CliRun.Of("diff", folder["none.json"], Off).ShouldBeRefused(66, folder["none.json"], "there is no such file");
        CliRun.Of("diff", folder.File("a.json", "{"), Off).ShouldBeRefused(74, folder["a.json"], "it is no JSON");
        CliRun.Of("diff", folder.File("b.json", "{}"), Off).ShouldBeRefused(74, folder["b.json"], "it is no document of schema vfiosharp.audit/1");
        CliRun.Of("diff", folder.File("c.json", """{ "schema": "vfiosharp.audit/1", "host": 3 }"""), Off).ShouldBeRefused(74, folder["c.json"], "and is not");
        CliRun.Of("diff", "", Off).ShouldBeRefused(66, "its name is empty");
    }

    private static JsonElement Diff(string before, string after) => CliRun.Of("diff", before, after, "--json").Json();
}
