using VfioSharp.Devices.Access;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Devices.Tests.Access;

public class RegistersTests
{
    [Fact]
    public async Task A_mapped_register_is_the_memory_itself_at_every_width()
    {
        await using MemoryFunction function = MemoryFunction.Create();
        using Bar bar = function.MapBar(0);
        function.Put(0x1000, [1, 2, 3, 4, 5, 6, 7, 8]);
        bar.Registers.Read8(0x1003).ShouldBe((byte)4);
        bar.Registers.Read16(0x1002).ShouldBe((ushort)0x0403);
        bar.Registers.Read32(0x1004).ShouldBe(0x0807_0605u);
        bar.Registers.Read64(0x1000).ShouldBe(0x0807_0605_0403_0201ul);
        bar.Registers.Write8(0x10, 0xA1);
        bar.Registers.Write16(0x12, 0xB2B1);
        bar.Registers.Write32(0x14, 0xC4C3_C2C1);
        bar.Registers.Write64(0x18, 0xD8D7_D6D5_D4D3_D2D1);
        function.Bytes(0x10, 16).ShouldBe(
            [0xA1, 0, 0xB1, 0xB2, 0xC1, 0xC2, 0xC3, 0xC4, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8]);
        function.Trapped.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0x2800)]
    [InlineData(0x2FF8)]
    public async Task A_neighbour_of_the_table_is_mapped_with_it_where_messages_are_isolated_and_reached_through_the_backend_where_not(int offset)
    {
        byte[] value = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
        await using MemoryFunction isolated = MemoryFunction.Create();
        await using MemoryFunction unisolated = MemoryFunction.Create(isolation: IsolationVerdict.NotIsolated);
        using Bar mapped = isolated.MapBar(0);
        using Bar trapped = unisolated.MapBar(0);
        mapped.MsixTable.Reason.ShouldBe(MsixTableReason.MsisIsolated);
        trapped.MsixTable.Reason.ShouldBe(MsixTableReason.MsisNotIsolated);
        trapped.Trapped.ShouldBe([new ByteRange(0x2000, 0x1000)]);
        isolated.Put(offset, value);
        unisolated.Put(offset, value);

        ReadAll(trapped, offset).ShouldBe(ReadAll(mapped, offset));
        WriteAll(mapped, offset);
        WriteAll(trapped, offset);

        unisolated.Bytes(offset, 8).ShouldBe(isolated.Bytes(offset, 8));
        isolated.Trapped.ShouldBeEmpty();
        unisolated.Trapped.ShouldBe(
        [
            $"read 1 @{offset:x}", $"read 2 @{offset:x}", $"read 4 @{offset:x}", $"read 8 @{offset:x}",
            $"write 8 @{offset:x}", $"write 4 @{offset:x}", $"write 2 @{offset:x}", $"write 1 @{offset:x}",
        ]);
    }

    [Theory]
    [InlineData(IsolationVerdict.Isolated)]
    [InlineData(IsolationVerdict.NotIsolated)]
    public async Task The_table_can_be_read_and_is_never_written_mapped_or_not(IsolationVerdict isolation)
    {
        await using MemoryFunction function = MemoryFunction.Create(isolation: isolation);
        using Bar bar = function.MapBar(0);
        function.Put(MemoryFunction.TableOffset, [7, 0, 0, 0]);
        bar.Registers.Read32(MemoryFunction.TableOffset).ShouldBe(7u);
        for (ulong offset = MemoryFunction.TableOffset; offset < MemoryFunction.TableOffset + (4 * 16); offset += 8)
        {
            Should.Throw<InvalidOperationException>(() => bar.Registers.Write8(offset, 1)).Message.ShouldContain("the host alone writes it");
            Should.Throw<InvalidOperationException>(() => bar.Registers.Write16(offset, 1));
            Should.Throw<InvalidOperationException>(() => bar.Registers.Write32(offset, 1));
            Should.Throw<InvalidOperationException>(() => bar.Registers.Write64(offset, 1));
        }

        bar.Registers.Write64(MemoryFunction.TableOffset - 8, 1);
        bar.Registers.Write64(MemoryFunction.TableOffset + (4 * 16), 1);
        function.Bytes(MemoryFunction.TableOffset, 64).ShouldBe([7, .. new byte[63]]);
    }

    [Fact]
    public async Task What_does_not_lie_in_the_BAR_or_on_its_width_is_refused()
    {
        await using MemoryFunction function = MemoryFunction.Create(isolation: IsolationVerdict.NotIsolated);
        using Bar bar = function.MapBar(0);
        Registers registers = bar.Registers;
        ulong[] outside = [0x4000, 0x4001, 0x8000, ulong.MaxValue, ulong.MaxValue - 7, 1ul << 63];
        foreach (ulong offset in outside)
        {
            Should.Throw<ArgumentOutOfRangeException>(() => registers.Read8(offset)).Message.ShouldContain("BAR 0");
            Should.Throw<ArgumentOutOfRangeException>(() => registers.Read64(offset & ~7ul));
            Should.Throw<ArgumentOutOfRangeException>(() => registers.Write8(offset, 0));
            Should.Throw<ArgumentOutOfRangeException>(() => registers.Write64(offset & ~7ul, 0));
        }

        ulong[] crooked = [0x1001, 0x2801]; // mapped, trapped
        foreach (ulong offset in crooked)
        {
            Should.Throw<ArgumentException>(() => registers.Read16(offset)).Message.ShouldContain("2 bytes");
            Should.Throw<ArgumentException>(() => registers.Read32(offset + 1));
            Should.Throw<ArgumentException>(() => registers.Read64(offset + 3));
            Should.Throw<ArgumentException>(() => registers.Write16(offset, 0));
            Should.Throw<ArgumentException>(() => registers.Write32(offset + 1, 0));
            Should.Throw<ArgumentException>(() => registers.Write64(offset + 3, 0));
        }

        Should.Throw<ArgumentOutOfRangeException>(() => registers.Read64(0x3FFC));
    }

    [Fact]
    public async Task Every_mapped_range_of_several_is_reached_by_loads_and_stores()
    {
        await using MemoryFunction function = MemoryFunction.Create(0x6000, IsolationVerdict.Isolated, new ByteRange(0, 0x1000), new ByteRange(0x3000, 0x3000));
        using Bar bar = function.MapBar(0);
        ulong[] mapped = [0, 0xFF8, 0x3000, 0x5FF8];
        foreach (ulong offset in mapped)
        {
            WriteAll(bar, (long)offset);
            ReadAll(bar, (long)offset).ShouldBe([0x41, 0x4241, 0x4443_4241, 0x4847_4645_4443_4241]);
        }

        function.Trapped.ShouldBeEmpty();
        bar.Registers.Read32(0x1000);
        bar.Registers.Read32(0x2FFC);
        function.Trapped.ShouldBe(["read 4 @1000", "read 4 @2ffc"]);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(256)]
    public async Task A_BAR_smaller_than_a_page_ends_where_it_ends(int length)
    {
        await using MemoryFunction function = MemoryFunction.Create((ulong)length);
        using Bar bar = function.MapBar(0);
        bar.Registers.Write32((ulong)length - 4, 5);
        function.Bytes(length - 4, 4).ShouldBe([5, 0, 0, 0]);
        function.Trapped.ShouldBeEmpty();
        Should.Throw<ArgumentOutOfRangeException>(() => bar.Registers.Read32((ulong)length));
    }

    [Fact]
    public async Task A_register_access_by_load_or_store_allocates_nothing()
    {
        await using MemoryFunction function = MemoryFunction.Create();
        using Bar bar = function.MapBar(0);
        Registers registers = bar.Registers;
        uint written = 0;
        uint sum = 0;
        Allocations.Of(
            () =>
            {
                registers.Write32(0x10, written++);
                sum += registers.Read32(0x10);
            },
            times: 2_000).ShouldBe(0);
        sum.ShouldBe(199_990_000u);
    }

    private static ulong[] ReadAll(Bar bar, long offset)
    {
        var at = (ulong)offset;
        return [bar.Registers.Read8(at), bar.Registers.Read16(at), bar.Registers.Read32(at), bar.Registers.Read64(at)];
    }

    // Each width leaves its own bytes, narrower over wider.
    private static void WriteAll(Bar bar, long offset)
    {
        var at = (ulong)offset;
        bar.Registers.Write64(at, 0x4847_4645_4443_4241);
        bar.Registers.Write32(at, 0x4443_4241);
        bar.Registers.Write16(at, 0x4241);
        bar.Registers.Write8(at, 0x41);
    }
}
