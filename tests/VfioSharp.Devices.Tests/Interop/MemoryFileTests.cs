using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Tests.Interop;

public sealed class MemoryFileTests
{
    private const int AllSeals = FileControl.F_SEAL_SHRINK | FileControl.F_SEAL_GROW;

    [Fact]
    public void It_begins_as_zeros_of_its_length_and_keeps_what_is_written()
    {
        using MemoryFile memory = MemoryFile.Create("test", 5000, 0, out Errno error).ShouldNotBeNull();
        error.ShouldBe(Errno.None);

        byte[] content = new byte[6000];
        memory.File.PositionedRead(content, 0, out int length).ShouldBe(Errno.None);
        length.ShouldBe(5000);
        content.ShouldAllBe(value => value == 0);

        memory.File.PositionedWrite([1, 2, 3], 4998, out int written).ShouldBe(Errno.None);
        written.ShouldBe(3);
        memory.File.PositionedRead(content, 4998, out length).ShouldBe(Errno.None);
        content[..length].ShouldBe([1, 2, 3]);
    }

    [Fact]
    public void A_sealed_length_stays()
    {
        using MemoryFile memory = MemoryFile.Create("test", 4096, MemoryFileFlags.MFD_ALLOW_SEALING, out _)!;
        memory.GetSeals(out int seals).ShouldBe(Errno.None);
        seals.ShouldBe(0);

        memory.AddSeals(AllSeals).ShouldBe(Errno.None);

        memory.GetSeals(out seals).ShouldBe(Errno.None);
        seals.ShouldBe(AllSeals);
        memory.File.SetLength(0).ShouldBe(Errno.EPERM);
        memory.File.SetLength(8192).ShouldBe(Errno.EPERM);
        memory.File.SetLength(4096).ShouldBe(Errno.None);
    }

    [Fact]
    public void Sealed_memory_cannot_be_written()
    {
        using MemoryFile memory = MemoryFile.Create("test", 4096, MemoryFileFlags.MFD_ALLOW_SEALING, out _)!;
        memory.AddSeals(FileControl.F_SEAL_WRITE).ShouldBe(Errno.None);
        memory.File.PositionedWrite([1], 0, out int count).ShouldBe(Errno.EPERM);
        count.ShouldBe(0);
    }

    [Fact]
    public void Without_leave_no_seal_is_added()
    {
        using MemoryFile memory = MemoryFile.Create("test", 4096, 0, out _)!;
        memory.AddSeals(FileControl.F_SEAL_SHRINK).ShouldBe(Errno.EPERM);
    }

    [Theory]
    [InlineData(-1, 0u)]
    [InlineData(4096, 0x8000_0000u)]
    public void What_cannot_be_made_is_said_with_the_reason(long length, uint flags)
    {
        MemoryFile.Create("test", length, flags, out Errno error).ShouldBeNull();
        error.ShouldBe(Errno.EINVAL);
    }
}
