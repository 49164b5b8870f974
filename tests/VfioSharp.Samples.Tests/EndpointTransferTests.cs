using System.Text;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Pci.Configuration;
using static VfioSharp.Samples.Tests.EndpointConstants;

namespace VfioSharp.Samples.Tests;

public sealed class EndpointTransferTests : IAsyncDisposable
{
    private static readonly Iova Nowhere = new(1UL << 45);

    private readonly EndpointRig rig = new();

    public EndpointTransferTests() => rig.TellBy(Msix, 5);

    private Registers Registers => rig.Registers;

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Theory]
    [InlineData("", 0xFFFF_FFFF)]
    [InlineData("123456789", 0x340B_C6D9)] // the complement of the check value of CRC-32, 0xcbf43926
    public void What_is_read_is_held_against_the_checksum(string text, uint checksum)
    {
        using DmaBuffer memory = rig.Function.Dma.Allocate(4096);
        Encoding.ASCII.GetBytes(text, memory.Slice(100, text.Length));
        rig.Move(memory.Iova + 100, Nowhere, (uint)text.Length);
        Registers.Write32(Checksum, checksum);
        rig.Carry(Read).ShouldBe(ReadSuccess | IrqRaised);
        Registers.Write32(Checksum, checksum ^ 1);
        rig.Carry(Read).ShouldBe(ReadFail | IrqRaised);
        Registers.Read32(Checksum).ShouldBe(checksum ^ 1);
        rig.Pending().ShouldBe(1ul << 4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(65536)]
    [InlineData(200_000)]
    public void What_is_written_is_random_and_has_the_checksum_that_is_told(int size)
    {
        using DmaBuffer memory = rig.Function.Dma.Allocate(size + 2);
        rig.Move(Nowhere, memory.Iova + 1, (uint)size);
        rig.Carry(Write).ShouldBe(WriteSuccess | IrqRaised);
        Registers.Read32(Checksum).ShouldBe(KernelCrc.Of(memory.Slice(1, size)));
        (memory.Slice(1, size).IndexOfAnyExcept((byte)0) >= 0 || size == 1).ShouldBeTrue();
        memory.Span[0].ShouldBe((byte)0);
        memory.Span[^1].ShouldBe((byte)0);
        rig.Pending().ShouldBe(1ul << 4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(65537)]
    [InlineData(200_000)]
    public void What_is_copied_is_the_same_and_no_more(int size)
    {
        using DmaBuffer source = rig.Function.Dma.Allocate(size + 2);
        using DmaBuffer destination = rig.Function.Dma.Allocate(size + 2);
        new Random(size).NextBytes(source.Span);
        rig.Move(source.Iova + 1, destination.Iova + 1, (uint)size);
        rig.Carry(Copy).ShouldBe(CopySuccess | IrqRaised);
        destination.Slice(1, size).SequenceEqual(source.Slice(1, size)).ShouldBeTrue();
        destination.Span[0].ShouldBe((byte)0);
        destination.Span[^1].ShouldBe((byte)0);
        Registers.Read32(Checksum).ShouldBe(0u);
        rig.Pending().ShouldBe(1ul << 4);
    }

    [Fact]
    public void Nothing_is_moved_with_success()
    {
        rig.Move(Nowhere, Nowhere, 0);
        rig.Carry(Write).ShouldBe(WriteSuccess | IrqRaised);
        Registers.Read32(Checksum).ShouldBe(0xFFFF_FFFFu);
        rig.Carry(Read).ShouldBe(ReadSuccess | IrqRaised);
        rig.Carry(Copy).ShouldBe(CopySuccess | IrqRaised);
    }

    [Theory]
    [InlineData(Read, false, true, ReadFail | SourceInvalid)]
    [InlineData(Write, true, false, WriteFail | DestinationInvalid)]
    [InlineData(Copy, false, true, CopyFail | SourceInvalid)]
    [InlineData(Copy, true, false, CopyFail | DestinationInvalid)]
    public void An_address_where_nothing_is_fails_and_is_told(uint command, bool hasSource, bool hasDestination, uint expected)
    {
        using DmaBuffer memory = rig.Function.Dma.Allocate(4096);
        rig.Move(hasSource ? memory.Iova : Nowhere, hasDestination ? memory.Iova : Nowhere, 4096);
        Registers.Write32(Checksum, 42);
        rig.Carry(command).ShouldBe(expected | IrqRaised);
        Registers.Read32(Checksum).ShouldBe(42u);
        rig.Pending().ShouldBe(1ul << 4);
    }

    [Theory]
    [InlineData(4097)]
    [InlineData(70_000)]
    [InlineData(uint.MaxValue)]
    public void A_size_beyond_the_memory_that_is_there_fails(uint size)
    {
        using DmaBuffer memory = rig.Function.Dma.Allocate(4096, new DmaOptions { At = new Iova(1UL << 40) });
        rig.Move(memory.Iova, memory.Iova, size);
        rig.Carry(Read).ShouldBe(ReadFail | SourceInvalid | IrqRaised);
        rig.Carry(Write).ShouldBe(WriteFail | DestinationInvalid | IrqRaised);
    }

    [Theory]
    [InlineData(DmaAccess.Read, Copy, CopyFail | DestinationInvalid)]
    [InlineData(DmaAccess.Write, Copy, CopyFail | SourceInvalid)]
    [InlineData(DmaAccess.Read, Write, WriteFail | DestinationInvalid)]
    [InlineData(DmaAccess.Write, Read, ReadFail | SourceInvalid)]
    public void Memory_is_used_only_as_it_may_be(DmaAccess access, uint command, uint expected)
    {
        using DmaBuffer memory = rig.Function.Dma.Allocate(4096, new DmaOptions { Access = access });
        rig.Move(memory.Iova, memory.Iova + 2048, 16);
        rig.Carry(command).ShouldBe(expected | IrqRaised);
    }

    [Fact]
    public void Without_bus_mastering_no_memory_is_reached()
    {
        using DmaBuffer memory = rig.Function.Dma.Allocate(4096);
        rig.Move(memory.Iova, memory.Iova, 16);
        rig.Function.Configuration.SetCommand(PciCommand.BusMaster, false);
        rig.Carry(Read).ShouldBe(ReadFail | SourceInvalid | IrqRaised);
    }

    [Theory]
    [InlineData(Read, ReadFail | SourceInvalid)]
    [InlineData(Write, WriteFail | DestinationInvalid)]
    public async Task Memory_does_not_go_on_at_zero_where_addresses_end(uint command, uint expected)
    {
        const int length = 1 << 16;
        Iova last = new(unchecked(0UL - length));
        var everywhere = new LoopbackOptions { DmaRanges = [new IovaRange(new Iova(0), new Iova(ulong.MaxValue))] };
        await using var other = new EndpointRig(options: everywhere);
        using DmaBuffer top = other.Function.Dma.Allocate(length, new DmaOptions { At = last });
        using DmaBuffer bottom = other.Function.Dma.Allocate(length, new DmaOptions { At = new Iova(0) });
        other.Registers.Write32(Checksum, KernelCrc.Of(new byte[length]));
        other.Move(last, last, length);
        other.Carry(Read).ShouldBe(ReadSuccess | IrqRaised);
        other.Move(last, last, 2 * length);
        other.Carry(command).ShouldBe(expected | IrqRaised);
        bottom.Span.IndexOfAnyExcept((byte)0).ShouldBe(-1);
    }
}
