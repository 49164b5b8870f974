using VfioSharp.Pci.Snapshots;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Cli.Tests.Html;

/// <summary>A host of 4,096 virtual functions fits a page: those that are alike are described once, and each has its place.</summary>
public sealed class LargePageTests : IDisposable
{
    private const int MaxBytes = 5 << 20;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>The archive of a made-up host.</summary>
    internal static string WriteTo(TemporaryFolder folder, bool remaps = true)
    {
        string path = folder[$"large-{remaps}.tar"];
        using FileStream file = File.Create(path);
        SnapshotArchive.Write(new SyntheticHost { Remaps = remaps }.ToTree(), file);
        return path;
    }

    [Theory]
    [InlineData(true, "isolated")]
    [InlineData(false, "not isolated")]
    public void Every_function_is_there_in_less_than_5_MB(bool remaps, string verdict)
    {
        HtmlPage page = HtmlPage.Of(folder, WriteTo(folder, remaps));
        int functions = new SyntheticHost().Functions;
        functions.ShouldBeGreaterThan(4096);
        new FileInfo(page.Path).Length.ShouldBeLessThan(MaxBytes);
        page.All("article").SelectMany(HtmlPage.AddressesOf).Distinct().Count().ShouldBe(functions);
        page.All("a", "tile").Count().ShouldBe(functions);
        page.All("a", "tile").ShouldAllBe(tile => tile.Element("i")!.Value == verdict);
        page.All("article").Count().ShouldBeLessThan(100);

        // Folded away, but for their number and what was found of them.
        page.All("summary").Select(summary => summary.Value).Count(text => text.Contains($"257 {verdict}", StringComparison.Ordinal)).ShouldBe(16);
    }
}
