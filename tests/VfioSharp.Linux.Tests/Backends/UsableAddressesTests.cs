using VfioSharp.Devices.Dma;
using VfioSharp.Linux.Backends;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Linux.Tests.Backends;

public class UsableAddressesTests
{
    [Theory]
    [InlineData("", "0x0-0x7fffffffff")]
    [InlineData("0x00000000fee00000 0x00000000feefffff msi", "0x0-0xfedfffff 0xfef00000-0x7fffffffff")]
    // As AMD has it: the window, and all above what HyperTransport keeps.
    [InlineData("0x00000000fee00000 0x00000000feefffff msi\n0x000000fd00000000 0x000000ffffffffff reserved", "0x0-0xfedfffff 0xfef00000-0x7fffffffff")]
    [InlineData("0x0000000008000000 0x00000000080fffff msi\n0x0000000000000000 0x0000000000000fff direct", "0x1000-0x7ffffff 0x8100000-0x7fffffffff")]
    [InlineData("0x0000000000001000 0x0000000000002fff direct-relaxable\n0x0000000000002000 0x0000000000002fff direct", "0x0-0xfff 0x3000-0x7fffffffff")]
    [InlineData("0x0000000000001000 0xffffffffffffffff reserved", "0x0-0xfff")]
    [InlineData("0x0000000000000000 0xffffffffffffffff reserved", "")]
    [InlineData("0x0000007fffffffff 0x0000008000000000 reserved", "0x0-0x7ffffffffe")]
    [InlineData("nonsense\n0x1000\n0x2000 0x1000 backwards\n1000 2000 msi", "0x0-0x7fffffffff")]
    public void What_is_not_reserved_can_be_used(string reserved, string usable) =>
        Describe(UsableAddresses.Outside(reserved.Split('\n'))).ShouldBe(usable);

    [Fact]
    public void Ranges_are_ordered_and_joined()
    {
        Describe(UsableAddresses.Order([Range(0x3000, 0x3fff), Range(0, 0xfff), Range(0x1000, 0x1fff), Range(0x3800, 0x5000), Range(0x4000, 0x4001)]))
            .ShouldBe("0x0-0x1fff 0x3000-0x5000");
        Describe(UsableAddresses.Order([Range(0x1000, ulong.MaxValue), Range(ulong.MaxValue, ulong.MaxValue)])).ShouldBe("0x1000-0xffffffffffffffff");
    }

    [Fact]
    public void Each_address_is_either_reserved_or_usable() => Fuzz.Run(2000, random =>
    {
        IovaRange[] reserved = [.. Enumerable.Range(0, random.Below(6)).Select(_ =>
        {
            ulong first = (ulong)random.Below(64) << 12;
            return Range(first, first + ((ulong)(1 + random.Below(16)) << 12) - 1);
        })];
        IovaRange[] usable = [.. UsableAddresses.Outside(reserved.Select(range => $"0x{range.First.Value:x16} 0x{range.Last.Value:x16} reserved"))];
        for (ulong page = 0; page < 96; page++)
        {
            ulong address = (page << 12) + (ulong)random.Below(4096);
            usable.Count(range => Holds(range, address)).ShouldBe(reserved.Any(range => Holds(range, address)) ? 0 : 1, $"0x{address:x}");
        }
    });

    private static bool Holds(IovaRange range, ulong address) => range.First.Value <= address && address <= range.Last.Value;

    private static IovaRange Range(ulong first, ulong last) => new(new Iova(first), new Iova(last));

    private static string Describe(IEnumerable<IovaRange> ranges) => string.Join(' ', ranges);
}
