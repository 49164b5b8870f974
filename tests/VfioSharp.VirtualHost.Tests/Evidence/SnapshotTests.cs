using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.Tests.Shared;
using VfioSharp.VirtualHost.Evidence;
using VfioSharp.VirtualHost.Vfio;

namespace VfioSharp.VirtualHost.Tests.Evidence;

/// <summary>A virtual host's evidence as a snapshot, which is judged as the evidence is.</summary>
public class SnapshotTests
{
    public static TheoryData<int> Settings => [.. Enumerable.Range(0, Switches.All.Length)];

    [Theory, MemberData(nameof(Settings))]
    public void A_snapshot_is_judged_as_the_host_is(int setting) => Fuzz.Run(2, random =>
    {
        VirtualHostOptions options = Switches.All[setting] with { Dialect = random.Pick(Enum.GetValues<VfioDialect>()) };
        AuditedHost host = AuditedHost.Random(options, random);
        foreach (MemoryTree tree in (MemoryTree[])[HostEvidenceWriter.Write(host.Host), Written(host.Audit.Host)])
        {
            using var archive = new MemoryStream();
            SnapshotArchive.Write(tree, archive);
            archive.Position = 0;
            AuditText.Difference(host.Audit, HostAudit.Of(HostEvidence.Read(SnapshotArchive.Read(archive)))).ShouldBeEmpty();
        }
    });

    [Fact]
    public void Nothing_of_it_was_beyond_the_reader()
    {
        foreach (VirtualHostOptions options in Switches.All)
        {
            HostEvidence evidence = AuditedHost.Random(options, new FuzzRandom(1)).Audit.Host;
            evidence.Privileged.ShouldBeTrue();
            evidence.Unreadable.ShouldBeEmpty();
            evidence.PageSize.ShouldBe((uint)Environment.SystemPageSize);
            evidence.PageSizeIsAssumed.ShouldBeFalse();
            evidence.Family.ShouldNotBe(ArchitectureFamily.Unknown);
        }
    }

    private static MemoryTree Written(HostEvidence evidence)
    {
        var tree = new MemoryTree();
        evidence.WriteTo(tree);
        return tree;
    }
}
