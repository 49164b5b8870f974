using System.Text;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Snapshots;
using VfioSharp.Pci.Tests.Acpi;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Pci.Tests.Hosts;

/// <summary>Hosts as nobody ever built them: the audit ends, says something, says the same of the snapshot, and never takes missing evidence for isolation.</summary>
public sealed class HostileTreeTests
{
    // What the audit reads of each captured host, and nothing else: the rest could be damaged for ever to no effect.
    private static readonly Lazy<(string Name, MemoryTreeEntry[] Entries)[]> Hosts = new(() =>
        [.. CapturedHost.Names.Select(name => (name, Reduced(CapturedHost.Open(name).Read())))]);

    // Where each line is a piece of evidence of its own.
    private static readonly string[] LineByLine = ["proc/", "var/log/", "etc/", "sys/kernel/", "sys/module/"];

    public static TheoryData<string> Names => [.. CapturedHost.Names];

    [Fact]
    public void A_damaged_host_is_audited_and_so_is_its_snapshot_with_the_same_result()
    {
        Fuzz.Run(200, random =>
        {
            (_, MemoryTreeEntry[] entries) = Hosts.Value[random.Next(Hosts.Value.Length)];
            var hostile = new HostileTree(entries);
            for (int damages = random.Next(1, 30); damages > 0; damages--)
            {
                hostile.Damage(random);
            }

            HostEvidence evidence = HostEvidence.Read(hostile.ToTree());
            HostAudit audit = HostAudit.Of(evidence);

            var written = new MemoryTree();
            evidence.WriteTo(written);
            AuditText.Difference(audit, HostAudit.Of(HostEvidence.Read(written))).ShouldBeEmpty();

            using var archive = new MemoryStream();
            SnapshotArchive.Write(written, archive);
            archive.Position = 0;
            AuditText.Difference(audit, HostAudit.Of(HostEvidence.Read(SnapshotArchive.Read(archive)))).ShouldBeEmpty();
        });
    }

    [Theory]
    [InlineData("00:03.0")]
    [InlineData("0000:00:03.00")]
    [InlineData("00000:00:03.0")]
    [InlineData("0000:00:1F.0")]
    public void Another_spelling_of_an_address_is_no_other_function(string name)
    {
        MemoryTree tree = CapturedHost.Open("x86-intel-ir").Tree;
        int functions = HostEvidence.Read(tree).Functions.Length;
        tree.AddFile($"sys/bus/pci/devices/{name}/vendor", "0x1af4\n");
        HostAudit audit = HostAudit.Of(HostEvidence.Read(tree));
        audit.Functions.Length.ShouldBe(functions);
        audit.Functions.ShouldAllBe(function => function.Isolation.Verdict == IsolationVerdict.Isolated);
    }

    [Fact]
    public void A_file_of_a_function_that_may_not_be_read_leaves_the_rest_of_it_in_the_snapshot()
    {
        HostEvidence host = HostEvidence.Read(new AlteredHost("x86-intel-ir").Denied("0000:00:03.0/revision$").Tree());
        host.Unreadable.ShouldBe(["sys/bus/pci/devices/0000:00:03.0/revision"]);
        var written = new MemoryTree();
        host.WriteTo(written);
        AuditText.Difference(HostAudit.Of(host), HostAudit.Of(HostEvidence.Read(written))).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("/sys/devices/pci0000:00/0000:00:04.0/driver")]
    [InlineData("../../../devices/pci0000:00")]
    [InlineData("0000:00:03.0")]
    public void A_function_whose_link_leads_elsewhere_does_not_write_over_what_is_there(string target)
    {
        MemoryTree tree = CapturedHost.Open("x86-intel-ir").Tree;
        tree.AddLink("sys/bus/pci/devices/0000:00:03.0", target);
        HostEvidence host = HostEvidence.Read(tree);
        var written = new MemoryTree();
        host.WriteTo(written);
        AuditText.Difference(HostAudit.Of(host), HostAudit.Of(HostEvidence.Read(written))).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_single_piece_of_evidence_that_goes_missing_makes_a_host_isolated(string name)
    {
        MemoryTreeEntry[] entries = Hosts.Value.Single(host => host.Name == name).Entries;
        Dictionary<PciAddress, IsolationVerdict> before = Verdicts(entries);
        List<string> isolated = [];
        for (int index = 0; index < entries.Length; index++)
        {
            foreach ((string lost, MemoryTreeEntry? left) in Less(entries[index]))
            {
                MemoryTreeEntry[] less = [.. entries[..index], .. left is { } rest ? [rest] : Array.Empty<MemoryTreeEntry>(), .. entries[(index + 1)..]];
                isolated.AddRange(Improved(before, Verdicts(less)).Select(function => $"{function} without {lost}"));
            }
        }

        // nosid stands on the command line and nowhere else, and nothing tells a command line cut short from one that was so given.
        bool nosid = name is "x86-intel-ir-nosid" or "x86-intel-ir-nosid-6.1";
        isolated.ShouldAllBe(loss => nosid && loss.EndsWith("proc/cmdline", StringComparison.Ordinal));
    }

    [Fact]
    public void No_evidence_that_goes_missing_makes_a_host_isolated()
    {
        Fuzz.Run(200, random =>
        {
            (string name, MemoryTreeEntry[] entries) = Hosts.Value[random.Next(Hosts.Value.Length)];
            Dictionary<PciAddress, IsolationVerdict> before = Verdicts(entries);
            var hostile = new HostileTree(entries);
            List<string> lost = [];
            for (int removals = random.Next(1, 12); removals > 0; removals--)
            {
                lost.Add(hostile.Remove(random));
            }

            if (name is "x86-intel-ir-nosid" or "x86-intel-ir-nosid-6.1" && lost.Exists(path => "proc/cmdline".StartsWith(path, StringComparison.Ordinal)))
            {
                return; // as above
            }

            Improved(before, Verdicts(hostile.ToTree())).ShouldBeEmpty($"{name} without {string.Join(", ", lost)}");
        });
    }

    private static IEnumerable<PciAddress> Improved(Dictionary<PciAddress, IsolationVerdict> before, Dictionary<PciAddress, IsolationVerdict> after) =>
        from function in after
        where function.Value == IsolationVerdict.Isolated && before[function.Key] != IsolationVerdict.Isolated
        select function.Key;

    private static IEnumerable<(string Lost, MemoryTreeEntry? Left)> Less(MemoryTreeEntry entry)
    {
        yield return (entry.Path, null);
        if (entry.File is not { IsRead: true } file || !LineByLine.Any(folder => entry.Path.StartsWith(folder, StringComparison.Ordinal)))
        {
            yield break;
        }

        string[] lines = Encoding.UTF8.GetString(file.Content.Span).Split('\n');
        for (int line = 0; line < lines.Length; line++)
        {
            string rest = string.Join('\n', [.. lines[..line], .. lines[(line + 1)..]]);
            yield return ($"'{lines[line]}' of {entry.Path}", entry with { File = HostFile.Of(Encoding.UTF8.GetBytes(rest)) });
        }
    }

    private static Dictionary<PciAddress, IsolationVerdict> Verdicts(IEnumerable<MemoryTreeEntry> entries) => Verdicts(new HostileTree(entries).ToTree());

    private static Dictionary<PciAddress, IsolationVerdict> Verdicts(MemoryTree tree) =>
        HostAudit.Of(HostEvidence.Read(tree)).Functions.ToDictionary(function => function.Address, function => function.Isolation.Verdict);

    private static MemoryTreeEntry[] Reduced(HostEvidence host)
    {
        var tree = new MemoryTree();
        host.WriteTo(tree);
        return [.. tree.Entries()];
    }
}
