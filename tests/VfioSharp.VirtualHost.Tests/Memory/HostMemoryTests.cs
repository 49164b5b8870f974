using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Tests.Memory;

/// <summary>The tables in the host's memory, by address.</summary>
public class HostMemoryTests
{
    private readonly HostMemory memory = new();

    [Fact]
    public void A_word_is_found_by_its_address_and_none_beside_the_tables()
    {
        HostTable first = memory.Allocate("first", 16);
        HostTable second = memory.Allocate("second", 4096);
        second.Address.ShouldBe(first.Address + 4096);
        first.Write(1, 0x1122_3344_5566_7788);
        second.Write(511, 7);

        Read(first.Address + 8).ShouldBe(0x1122_3344_5566_7788UL);
        Read(second.Address + 4088).ShouldBe(7UL);
        Read(first.Address + 16).ShouldBeNull();
        Read(first.Address - 8).ShouldBeNull();
        Read(second.Address + 4096).ShouldBeNull();
        Read(0).ShouldBeNull();
    }

    [Fact]
    public void Words_are_found_where_a_table_holds_all_of_them()
    {
        HostTable table = memory.Allocate("table", 4096);
        memory.Allocate("next", 4096);
        memory.Find(table.Address + 4080, 2, out int index).ShouldBe(table);
        index.ShouldBe(510);
        memory.Find(table.Address + 4080, 3, out _).ShouldBeNull();
    }

    [Fact]
    public void What_is_written_by_address_is_read_by_word()
    {
        HostTable table = memory.Allocate("table", 64, alignment: 256);
        (table.Address % 256).ShouldBe(0UL);
        memory.At(table.Address + 9)[0] = 0xAB;
        table.Read(1).ShouldBe(0xAB00UL);
        Read(table.Address + 8).ShouldBe(0xAB00UL);
    }

    private ulong? Read(ulong address) => memory.Find(address, 1, out int index)?.Read(index);
}
