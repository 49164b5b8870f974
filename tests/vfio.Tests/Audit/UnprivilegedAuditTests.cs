using System.Text.Json;

namespace VfioSharp.Cli.Tests.Audit;

/// <summary>Every captured host as a reader without privilege saw it: nothing is guessed, and it is said what root would add.</summary>
public sealed class UnprivilegedAuditTests(UnprivilegedHosts hosts) : IClassFixture<UnprivilegedHosts>
{
    public static TheoryData<string> Hosts => CapturedHost.SeenUnprivileged;

    [Theory]
    [MemberData(nameof(Hosts))]
    public void What_could_not_be_seen_is_said(string name)
    {
        string host = Unprivileged(name);
        JsonElement document = CliRun.Of("audit", "--json", "--root", host).Json();
        AuditDocument.Check(document);
        document.GetProperty("host").GetProperty("privileged").GetBoolean().ShouldBeFalse();
        string[] unreadable = [.. document.GetProperty("host").GetProperty("unreadable").EnumerateArray().Select(path => path.GetString()!)];
        unreadable.ShouldContain("var/log/dmesg");
        if (name.StartsWith("x86-intel", StringComparison.Ordinal))
        {
            unreadable.ShouldContain("sys/firmware/acpi/tables/DMAR");
        }

        string text = CliRun.Of("audit", "--root", host).Output;
        text.ShouldContain("\nWithout privilege: ");
        text.ShouldContain("Root would add ");
        text.ShouldContain("var/log/dmesg");
        text.ShouldContain("not readable: configuration space beyond byte 63 needs root");
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void What_lies_beyond_byte_63_is_null_and_never_none(string name)
    {
        foreach (JsonElement function in CliRun.Of("audit", "--json", "--root", Unprivileged(name)).Json().GetProperty("functions").EnumerateArray())
        {
            function.GetProperty("msix").ValueKind.ShouldBe(JsonValueKind.Null);
            function.GetProperty("table").ValueKind.ShouldBe(JsonValueKind.Null);
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void The_verdict_is_roots_or_unknown(string name)
    {
        JsonElement[] seen = Functions(Unprivileged(name));
        JsonElement[] root = Functions(CapturedHost.Archive(name));
        seen.Length.ShouldBe(root.Length);
        foreach ((JsonElement ours, JsonElement theirs) in seen.Zip(root))
        {
            string verdict = ours.GetProperty("isolation").GetProperty("verdict").GetString()!;
            verdict.ShouldBeOneOf("unknown", theirs.GetProperty("isolation").GetProperty("verdict").GetString());
            ours.GetProperty("driver").ToString().ShouldBe(theirs.GetProperty("driver").ToString());
            ours.GetProperty("assignable").GetBoolean().ShouldBe(theirs.GetProperty("assignable").GetBoolean());
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void A_snapshot_made_without_privilege_says_the_same(string name)
    {
        using var folder = new TemporaryFolder();
        string host = Unprivileged(name);
        CliRun.Of("snapshot", "-o", folder["snapshot.tar.gz"], "--root", host).Status.ShouldBe(0);
        foreach (string[] words in (string[][])[["audit"], ["audit", "--json"]])
        {
            CliRun before = CliRun.Of([.. words, "--root", host]);
            CliRun after = CliRun.Of([.. words, "--root", folder["snapshot.tar.gz"]]);
            after.Output.ShouldBe(before.Output);
            after.Status.ShouldBe(before.Status);
        }
    }

    [Fact]
    public void Seventeen_hosts_were_seen_without_privilege() => Hosts.Count.ShouldBe(17);

    [Fact]
    public void Show_says_that_capabilities_are_not_readable()
    {
        string text = CliRun.Of("show", "0:3.0", "--root", Unprivileged("x86-intel-ir")).Output;
        text.ShouldContain("  Capabilities\n    not readable: configuration space beyond byte 63 needs root\n");
    }

    [Fact]
    public void With_privilege_nothing_is_said_of_it() =>
        CliRun.Of("audit", "--root", CapturedHost.Archive("x86-intel-ir")).Output.ShouldNotContain("privilege");

    private string Unprivileged(string name) => hosts.Archive(name);

    private static JsonElement[] Functions(string root) => [.. CliRun.Of("audit", "--json", "--root", root).Json().GetProperty("functions").EnumerateArray()];
}
