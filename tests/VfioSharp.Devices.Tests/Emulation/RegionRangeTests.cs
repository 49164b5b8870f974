using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>Pieces of memory by ranges: what lies in one, what it would cut, how much there is.</summary>
public class RegionRangeTests
{
    [Theory]
    [InlineData(0x1000, 0x1FFF, false)] // exactly
    [InlineData(0x0, 0x4FFF, false)] // more than all
    [InlineData(0x2000, 0x2FFF, false)] // nothing there
    [InlineData(0x0, 0xFFF, false)]
    [InlineData(0x1001, 0x1FFF, true)]
    [InlineData(0x1000, 0x1FFE, true)]
    [InlineData(0x1800, 0x1800, true)] // within
    [InlineData(0x1FFF, 0x2FFF, true)] // its last byte
    [InlineData(0x0, 0x1000, true)] // its first byte
    [InlineData(0x1000, 0x3000, true)] // one wholly, of the other the first byte
    [InlineData(0x1000, ulong.MaxValue, false)]
    public void A_range_cuts_what_reaches_out_of_it(ulong first, ulong last, bool cuts)
    {
        var table = new RegionTable();
        table.TryAdd(new Piece(0x1000, 0x1000)).ShouldBeTrue();
        table.TryAdd(new Piece(0x3000, 0x1000)).ShouldBeTrue();

        table.IsCutBy(new Iova(first), new Iova(last)).ShouldBe(cuts);
    }

    [Fact]
    public void A_piece_may_end_where_addresses_do()
    {
        var table = new RegionTable();
        table.TryAdd(new Piece(ulong.MaxValue - 0xFFF, 0x1000)).ShouldBeTrue();

        table.IsCutBy(new Iova(0), new Iova(ulong.MaxValue)).ShouldBeFalse();
        table.IsCutBy(new Iova(0), new Iova(ulong.MaxValue - 1)).ShouldBeTrue();
        table.Remove(new Iova(0), new Iova(ulong.MaxValue)).Count.ShouldBe(1);
        table.Bytes.ShouldBe(0UL);
    }

    [Fact]
    public void As_a_list_that_is_searched_from_end_to_end_has_it() => Fuzz.Run(200, random =>
    {
        var table = new RegionTable();
        List<(ulong First, ulong Last)> list = [];
        for (int step = 0; step < 100; step++)
        {
            ulong first = (ulong)random.Below(64);
            ulong last = first + (ulong)random.Below(8);
            bool isFree = list.TrueForAll(piece => piece.Last < first || piece.First > last);
            if (random.Below(4) > 0)
            {
                table.TryAdd(new Piece(first, last - first + 1)).ShouldBe(isFree);
                if (isFree)
                {
                    list.Add((first, last));
                }
            }
            else
            {
                last = first + (ulong)random.Below(32);
                table.IsCutBy(new Iova(first), new Iova(last)).ShouldBe(
                    list.Exists(piece => piece.First <= last && piece.Last >= first && (piece.First < first || piece.Last > last)));
                table.Remove(new Iova(first), new Iova(last)).Count.ShouldBe(list.RemoveAll(piece => piece.First >= first && piece.Last <= last));
            }

            table.Count.ShouldBe(list.Count);
            table.Bytes.ShouldBe(list.Aggregate(0UL, (sum, piece) => sum + piece.Last - piece.First + 1));
        }
    });

    private sealed class Piece(ulong start, ulong length) : MemoryRegion(new Iova(start), length, DmaAccess.Read)
    {
        public override bool TryRead(ulong offset, Span<byte> destination) => false;

        public override bool TryWrite(ulong offset, ReadOnlySpan<byte> source) => false;

        public override bool TryGetMemory(ulong offset, int length, out Memory<byte> memory)
        {
            memory = default;
            return false;
        }
    }
}
