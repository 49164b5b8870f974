using System.Text.RegularExpressions;
using VfioSharp.Architecture.Tests.Facts;

namespace VfioSharp.Architecture.Tests;

/// <summary>The decision is made in one place, and each dialect that a backend speaks is read in one place before it.</summary>
public class OneReaderTests
{
    [Theory]
    [InlineData(@"\bnew MsixTableDecision\(", "src/VfioSharp.Pci/Mapping/MsixTablePolicy.cs")]
    [InlineData(@"\bMsixTableReason\.MsisIsolated\)", "src/VfioSharp.Pci/Mapping/MsixTablePolicy.cs")]
    [InlineData(@"\(4, 16\)", "src/VfioSharp.Pci/Mapping/BackendRanges.cs")]
    [InlineData(@"""snapshot\.json""", "src/VfioSharp.Pci/Snapshots/SnapshotManifest.cs")]
    [InlineData(@"\ballow_unsafe_interrupts"";", "src/VfioSharp.Pci/Evidence/VfioModules.cs")]
    public void What_is_decided_or_read_once_stands_in_one_file(string pattern, string file) =>
        Places(pattern).ShouldBe([file]);

    [Fact]
    public void A_second_place_would_be_found() => Places(@"\bnamespace\b").Count.ShouldBeGreaterThan(100);

    private static List<string> Places(string pattern) =>
        [.. Checkout.Sources("src").Where(source => Regex.IsMatch(source.Text, pattern)).Select(source => source.Path).Order(StringComparer.Ordinal)];
}
