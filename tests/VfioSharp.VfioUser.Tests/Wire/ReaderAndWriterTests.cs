using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Wire;

public class ReaderAndWriterTests
{
    [Fact]
    public void Structures_and_bytes_are_read_one_behind_the_other()
    {
        var reader = new MessageReader([1, 0, 2, 0, 0xAA, 0xBB, 0xCC, 3, 0, 0, 0, 0, 0, 0, 0]);
        reader.TryRead(out VersionHeader version).ShouldBeTrue();
        (version.Major, version.Minor).ShouldBe(((ushort)1, (ushort)2));
        reader.TryTake(3, out ReadOnlySpan<byte> bytes).ShouldBeTrue();
        bytes.ToArray().ShouldBe([0xAA, 0xBB, 0xCC]);
        reader.TryRead(out ulong number).ShouldBeTrue();
        number.ShouldBe(3UL);
        reader.Rest.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void What_is_not_there_is_not_read_and_nothing_is_lost()
    {
        var reader = new MessageReader([1, 2, 3]);
        reader.TryRead(out VersionHeader version).ShouldBeFalse();
        version.ShouldBe(default);
        reader.TryTake(4, out ReadOnlySpan<byte> bytes).ShouldBeFalse();
        bytes.IsEmpty.ShouldBeTrue();
        reader.TryTake(uint.MaxValue, out _).ShouldBeFalse();
        reader.Rest.ToArray().ShouldBe([1, 2, 3]);
        reader.TryTake(3, out bytes).ShouldBeTrue();
        bytes.ToArray().ShouldBe([1, 2, 3]);
        reader.TryTake(0, out bytes).ShouldBeTrue();
        bytes.IsEmpty.ShouldBeTrue();
        reader.TryTake(1, out _).ShouldBeFalse();
    }

    [Fact]
    public void Structures_and_bytes_are_written_one_behind_the_other()
    {
        byte[] room = new byte[16];
        var writer = new MessageWriter(room);
        writer.Write(new VersionHeader { Major = 1, Minor = 2 });
        writer.Write([0xAA, 0xBB]);
        writer.Take(3).Fill(0xCC);
        writer.Length.ShouldBe(9);
        room.ShouldBe([1, 0, 2, 0, 0xAA, 0xBB, 0xCC, 0xCC, 0xCC, 0, 0, 0, 0, 0, 0, 0]);
    }

    [Fact]
    public void Nothing_is_written_beyond_the_room()
    {
        byte[] memory = new byte[8];
        Should.Throw<ArgumentException>(() => new MessageWriter(memory.AsSpan(0, 7)).Write(1UL));
        Should.Throw<ArgumentException>(() => new MessageWriter(memory.AsSpan(0, 7)).Write(new byte[8]));
        Should.Throw<ArgumentException>(() => new MessageWriter(memory.AsSpan(0, 7)).Take(8));
        memory.ShouldAllBe(value => value == 0);
    }
}
