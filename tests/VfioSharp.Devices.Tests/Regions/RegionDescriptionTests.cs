using VfioSharp.Devices.Regions;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Mapping;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Regions;

/// <summary>Every dialect in which something has said what of a region can be mapped, and the ways to get it wrong.</summary>
public class RegionDescriptionTests
{
    private static readonly ByteRange Table = new(0x2000, 0x80);

    [Theory]
    // Linux 4.16 and later: the table's BAR says so, the others have no list.
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=3", "0x0-0x3fff")]
    // Linux 4.6 to 4.15: areas around the table's page; it may lie at the start, at the end, or alone.
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=1 areas=0x0+0x2000,0x3000+0x1000", "0x0-0x1fff 0x3000-0x3fff")]
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=1 areas=0x3000+0x1000", "0x3000-0x3fff")]
    [InlineData("flags=0xf size=0x1000 cap=0x20 | @0x20 id=1 areas=", "")]
    // Before 4.6 it is for user space to know.
    [InlineData("flags=0x7 size=0x4000", "0x0-0x1fff 0x3000-0x3fff")]
    // The patch series of 2017, read as any other empty list unless asked for.
    [InlineData("flags=0xf size=0x4000", "0x0-0x1fff 0x3000-0x3fff")]
    // No mapping at all: I/O BARs, and what shares its page.
    [InlineData("flags=0x3 size=0x4000", "")]
    [InlineData("flags=0xb size=0x4000 cap=0x20 | @0x20 id=3", "")]
    [InlineData("flags=0xf size=0 cap=0x20 | @0x20 id=3", "")]
    // Both capabilities, as drivers for one vendor's functions give them: the areas are all there is.
    [InlineData("flags=0xf size=0x8000 cap=0x20 | @0x20 id=3 next=0x28 | @0x28 id=1 areas=0x0+0x4000", "0x0-0x3fff")]
    [InlineData("flags=0xf size=0x8000 cap=0x30 | @0x20 id=3 | @0x30 id=1 next=0x20 areas=0x0+0x4000", "0x0-0x3fff")]
    // All areas count, in any order, overlapping or touching; what lies outside does not.
    [InlineData("flags=0xf size=0x8000 cap=0x20 | @0x20 id=1 areas=0x6000+0x1000,0x0+0x1000,0x1000+0x1000,0x6800+0x1000", "0x0-0x1fff 0x6000-0x77ff")]
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=1 areas=0x3000+0x9000,0x7000+0x1000,0x1000+0", "0x3000-0x3fff")]
    // Two lists of areas are one.
    [InlineData("flags=0xf size=0x8000 cap=0x20 | @0x20 id=1 next=0x40 areas=0x0+0x1000 | @0x40 id=1 areas=0x4000+0x1000", "0x0-0xfff 0x4000-0x4fff")]
    // Capabilities that nobody knows, or that say what a region is, say nothing of mapping.
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=99 next=0x30 | @0x30 id=2 next=0x40 | @0x40 id=3", "0x0-0x3fff")]
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=99", "0x0-0x1fff 0x3000-0x3fff")]
    public void What_can_be_mapped_is_understood_in_every_dialect(string info, string ranges) =>
        Mappable(RegionDescription.Read(RegionBytes.Of(info)), Table, 0x1000).ShouldBe(ranges);

    [Theory]
    [InlineData("flags=0x7 size=0x4000")]
    [InlineData("flags=0xf size=0x4000")]
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=3")]
    public void A_region_without_the_table_is_mapped_whole(string info) =>
        Mappable(RegionDescription.Read(RegionBytes.Of(info)), null, 0x1000).ShouldBe("0x0-0x3fff");

    [Theory]
    [InlineData(0x1000UL, "0x0-0x1fff 0x3000-0x3fff")]
    [InlineData(0x4000UL, "")]
    [InlineData(0x10000UL, "")]
    public void Without_a_word_the_hole_has_the_size_of_the_host_s_pages(ulong pageSize, string ranges) =>
        Mappable(RegionDescription.Read(RegionBytes.Of("flags=0x7 size=0x4000")), Table, pageSize).ShouldBe(ranges);

    [Theory]
    [InlineData("flags=0xf size=0x4000", "0x0-0x3fff")] // the dialect itself
    [InlineData("flags=0x7 size=0x4000", "0x0-0x1fff 0x3000-0x3fff")] // no list is not an empty list
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=99", "0x0-0x1fff 0x3000-0x3fff")] // nor is one with something else
    [InlineData("flags=0xf size=0x4000 cap=0x10", "0x0-0x1fff 0x3000-0x3fff")] // nor a broken one
    public void An_empty_list_means_mappable_only_where_that_was_asked_for(string info, string ranges) =>
        Describe(RegionDescription.Read(RegionBytes.Of(info)).FindMappable(Table, 0x1000, readsEmptyListAsMappable: true)).ShouldBe(ranges);

    [Fact]
    public void A_shape_has_what_the_description_says()
    {
        RegionDescription region = RegionDescription.Read(RegionBytes.Of("flags=0x5 size=0x2000 offset=0x70000000000"));
        region.FileOffset.ShouldBe(0x70000000000UL);
        RegionShape shape = region.ToShape(null, 0x1000, false);
        (shape.Length, shape.IsReadable, shape.IsWritable, Describe(shape.Mappable)).ShouldBe((0x2000UL, true, false, "0x0-0x1fff"));
        RegionDescription.Read(new byte[31]).ShouldBe(RegionDescription.Absent);
    }

    [Fact]
    public void Whatever_a_peer_writes_is_read_to_an_end() => Fuzz.Run(20_000, random =>
    {
        byte[] bytes = Make(random);
        RegionDescription region = RegionDescription.Read(bytes);
        ulong pageSize = 0x1000UL << (2 * random.Below(3));
        ByteRange? table = random.OneIn(4) || region.Length == 0 ? null : new ByteRange(random.Next() % region.Length, random.Next() % 0x1000);
        if (table is { } bytesOfTable && (bytesOfTable.End > region.Length || bytesOfTable.End < bytesOfTable.Offset))
        {
            table = null;
        }

        ByteRange[] ranges = [.. region.FindMappable(table, pageSize, random.OneIn(2))];
        ulong end = 0;
        foreach (ByteRange range in ranges)
        {
            range.IsEmpty.ShouldBeFalse();
            (range == ranges[0] || range.Offset > end).ShouldBeTrue("apart and ascending");
            end = range.End;
            end.ShouldBeLessThanOrEqualTo(region.Length);
        }

        if (table is { IsEmpty: false } hidden && region.Capabilities is { IsMsixMappable: false, Areas: null, IsEmpty: false })
        {
            ranges.ShouldAllBe(range => !range.Overlaps(hidden));
        }
    });

    // Half of them sound lists with a few bytes changed, else noise behind a sound head.
    private static byte[] Make(FuzzRandom random)
    {
        byte[] bytes;
        if (random.OneIn(2))
        {
            bytes = RegionBytes.Of(random.Pick(
                "flags=0xf size=0x8000 cap=0x20 | @0x20 id=3 next=0x28 | @0x28 id=1 areas=0x0+0x4000,0x5000+0x1000",
                "flags=0xf size=0x4000 cap=0x20 | @0x20 id=1 next=0x58 areas=0x0+0x2000,0x3000+0x1000 | @0x58 id=2",
                "flags=0xf size=0x10000 cap=0x40 | @0x20 id=3 | @0x40 id=99 next=0x20"));
            for (int i = random.Below(4); i > 0; i--)
            {
                bytes[4 + random.Below(bytes.Length - 4)] = (byte)random.Next();
            }
        }
        else
        {
            bytes = new byte[32 + random.Below(200)];
            random.Fill(bytes.AsSpan(32));
            for (int at = 32; at + 8 <= bytes.Length; at += 8)
            {
                (bytes[at], bytes[at + 1]) = ((byte)random.Below(5), 0);
                bytes[at + 4] = (byte)random.Below(bytes.Length + 8);
                (bytes[at + 5], bytes[at + 6], bytes[at + 7]) = (0, 0, 0);
            }

            (bytes[4], bytes[12], bytes[17]) = (0xf, (byte)random.Below(bytes.Length + 8), 0x40);
        }

        return random.OneIn(4) ? bytes[..random.Below(bytes.Length + 1)] : bytes;
    }

    private static string Mappable(RegionDescription region, ByteRange? table, ulong pageSize) => Describe(region.FindMappable(table, pageSize, readsEmptyListAsMappable: false));

    private static string Describe(IEnumerable<ByteRange> ranges) => string.Join(' ', ranges);
}
