using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Pci.Tests.Msix;

public class MsixGeometryOracleTests
{
    private static readonly uint[] PageSizes = [0x1000, 0x4000, 0x10000];

    [Fact]
    public void There_are_layouts_to_check() => MsixLayoutRow.All.Count.ShouldBe(119);

    [Theory]
    [InlineData(0x1000)]
    [InlineData(0x4000)]
    [InlineData(0x10000)]
    public void Every_real_layout_agrees_with_marking_bytes(uint pageSize)
    {
        foreach (MsixLayoutRow row in MsixLayoutRow.All)
        {
            MsixGeometry geometry = MsixGeometry.Create(row.Capability, row.Bars);
            geometry.IsUsable.ShouldBeTrue(row.Device);
            geometry.Pba.ShouldNotBeNull(row.Device);
            Compare(geometry, row.Capability, row.Bars, pageSize, row.Device);
        }
    }

    [Fact]
    public void Layouts_made_up_agree_with_marking_bytes() => Fuzz.Run(500, random =>
    {
        ulong length = 1UL << (8 + random.Below(10));
        int vectors = random.OneIn(4) ? random.Pick(1, 2, 63, 64, 65, 128, 129, 256, 257, 1024, 2048) : 1 + random.Below(300);
        int pbaBar = random.OneIn(3) ? 2 : 0;
        var capability = new MsixCapability(
            0x40, vectors, 0, (ulong)random.Below((int)length) & ~7UL, pbaBar, (ulong)random.Below((int)length) & ~7UL);
        BarSet bars = BarSet.Of(BarResource.OfLength(0, length), BarResource.OfLength(2, length));
        MsixGeometry geometry = MsixGeometry.Create(capability, bars);
        bool fits = capability.TableOffset + (16 * (ulong)vectors) <= length;
        geometry.IsUsable.ShouldBe(fits);
        if (fits)
        {
            Compare(geometry, capability, bars, random.Pick(PageSizes), $"{capability} in {length:x}");
        }
    });

    private static void Compare(MsixGeometry geometry, MsixCapability capability, BarSet bars, uint pageSize, string what)
    {
        var oracle = new PageOracle(capability, bars[capability.TableBar].Length);
        PageOracle.BytesOf(geometry.Table!.Value).SequenceEqual(oracle.TableBytes).ShouldBeTrue(what);

        List<(ulong Offset, BarContentKind Kind)> expected = oracle.TablePages(pageSize);
        ByteRange pages = geometry.TablePages(pageSize)!.Value;
        PageOracle.BytesOf(pages).SequenceEqual(expected.Select(entry => entry.Offset)).ShouldBeTrue(what);

        bool pbaFits = geometry.Pba is not null;
        Flatten(geometry.Contents(capability.TableBar, pages))
            .SequenceEqual(pbaFits ? expected : expected.Select(entry => entry with { Kind = WithoutPba(entry.Kind) }))
            .ShouldBeTrue(what);
        Flatten(geometry.TablePageNeighbours(pageSize))
            .SequenceEqual(Flatten(geometry.Contents(capability.TableBar, pages)).Where(entry => entry.Kind != BarContentKind.Table))
            .ShouldBeTrue(what);

        if (geometry.Pba is { } pba)
        {
            PageOracle.BytesOf(pba).SequenceEqual(oracle.PbaBytes).ShouldBeTrue(what);
            PageOracle.BytesOf(geometry.PbaPages(pageSize)!.Value)
                .SequenceEqual(oracle.PbaPages(pageSize, bars[capability.PbaBar].Length)).ShouldBeTrue(what);
        }
    }

    private static BarContentKind WithoutPba(BarContentKind kind) => kind == BarContentKind.Pba ? BarContentKind.Registers : kind;

    private static IEnumerable<(ulong Offset, BarContentKind Kind)> Flatten(IEnumerable<BarContent> contents) =>
        contents.SelectMany(content => PageOracle.BytesOf(content.Range).Select(offset => (offset, content.Kind)));
}
