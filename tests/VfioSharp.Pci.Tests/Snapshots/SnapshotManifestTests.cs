using System.Text;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Pci.Tests.Snapshots;

public sealed class SnapshotManifestTests
{
    [Fact]
    public void A_manifest_is_the_same_after_writing_and_reading()
    {
        var manifest = new SnapshotManifest
        {
            PageSize = 65536,
            Architecture = "ppc64le",
            Privileged = false,
            Unreadable = ["sys/firmware/acpi/tables/DMAR", "var/log/dmesg"],
            Failed = ["sys/a \"b\""],
        };

        SnapshotManifest read = SnapshotManifest.Parse(manifest.ToJson());

        (read with { Unreadable = [], Failed = [] }).ShouldBe(manifest with { Unreadable = [], Failed = [] });
        read.Unreadable.ShouldBe(manifest.Unreadable);
        read.Failed.ShouldBe(manifest.Failed);
    }

    [Fact]
    public void What_is_not_told_is_not_written() =>
        Encoding.UTF8.GetString(new SnapshotManifest { PageSize = 4096, Architecture = "x86_64", Privileged = true }.ToJson().Span)
            .ShouldBe("""{"schema":"vfiosharp.snapshot/1","pageSize":4096,"architecture":"x86_64","privileged":true}""");

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("""{"schema":1,"pageSize":4095,"architecture":null,"privileged":"yes","unreadable":"x","failed":7}""")]
    [InlineData("""{"pageSize":1e99}""")]
    [InlineData("""{"pageSize":-4096}""")]
    [InlineData("""{"pageSize":8}""")]
    public void Nonsense_tells_nothing(string json)
    {
        SnapshotManifest manifest = SnapshotManifest.Parse(Encoding.UTF8.GetBytes(json));

        manifest.ShouldBe(new SnapshotManifest { Schema = null, Unreadable = manifest.Unreadable, Failed = manifest.Failed });
        manifest.Unreadable.ShouldBeEmpty();
        manifest.Failed.ShouldBeEmpty();
    }

    [Fact]
    public void A_tree_without_one_tells_nothing()
    {
        SnapshotManifest.Read(new MemoryTree()).Schema.ShouldBeNull();
        SnapshotManifest.Read(new MemoryTree()).PageSize.ShouldBeNull();
    }

    [Fact]
    public void Paths_are_cleaned() =>
        SnapshotManifest.Parse("""{"unreadable":["/sys//a/../b","../../etc/shadow"]}"""u8.ToArray()).Unreadable.ShouldBe(["sys/b", "etc/shadow"]);
}
