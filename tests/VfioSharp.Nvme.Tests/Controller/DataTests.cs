using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Spec;
using static VfioSharp.Nvme.Tests.Controller.RawDriver;

namespace VfioSharp.Nvme.Tests.Controller;

public class DataTests
{
    private const int Length = 64 << 10;
    private const int Blocks = Length / 512;

    [Theory]
    [InlineData(512, 0)]
    [InlineData(4096, 4)]
    [InlineData(8192, 0)]
    [InlineData(8192, 512)]
    [InlineData(65536, 2048)]
    [InlineData(1 << 20, 0)]
    public async Task Data_lies_where_its_pages_say(int length, int offset)
    {
        await using RawDriver driver = Start();
        RawQueue queue = driver.CreateQueue(1);
        DmaBuffer data = driver.Allocate((2 << 20) + (2 * PageSize));
        DmaBuffer list = driver.Allocate(4 * PageSize);
        Random.Shared.NextBytes(data.Span);
        byte[] expected = data.Slice(offset, length).ToArray();
        queue.Execute(Describe(IoOpcode.Write)).Status.ShouldBe(NvmeStatus.Success);
        data.Span.Clear();
        queue.Execute(Describe(IoOpcode.Read)).Status.ShouldBe(NvmeStatus.Success);
        data.Slice(offset, length).SequenceEqual(expected).ShouldBeTrue();
        data.Span[..offset].IndexOfAnyExcept((byte)0).ShouldBe(-1);
        data.Slice(offset + length, PageSize).IndexOfAnyExcept((byte)0).ShouldBe(-1);

        // The list starts near the end of a page, so that it goes on in another.
        SubmissionEntry Describe(IoOpcode opcode)
        {
            ulong first = data.Iova.Value + (ulong)offset;
            ulong next = (first & ~(PageSize - 1UL)) + PageSize;
            int pages = (int)PrpRules.PageCount(first, length, PageSize) - 1;
            if (pages <= 1)
            {
                return Io(opcode, 0, length / 512, first, pages == 0 ? 0 : next);
            }

            Span<ulong> entries = MemoryMarshal.Cast<byte, ulong>(list.Span);
            int at = (PageSize / 8) - 2;
            for (int i = 0; i < pages; i++)
            {
                if (at == (PageSize / 8) - 1 && i < pages - 1)
                {
                    entries[at++] = list.Iova.Value + PageSize;
                }

                entries[at++] = next + ((ulong)i * PageSize);
            }

            return Io(opcode, 0, length / 512, first, list.Iova.Value + PageSize - 16);
        }
    }

    [Fact]
    public async Task Pages_that_are_not_described_rightly_are_refused()
    {
        await using RawDriver driver = Start();
        RawQueue queue = driver.CreateQueue(1);
        DmaBuffer data = driver.Allocate(Length);
        ulong at = data.Iova.Value;
        queue.Execute(Io(IoOpcode.Read, 0, 8, at + 1)).Status.ShouldBe(NvmeStatus.InvalidPrpOffset);
        queue.Execute(Io(IoOpcode.Read, 0, 16, at, at + PageSize + 4)).Status.ShouldBe(NvmeStatus.InvalidPrpOffset);
        queue.Execute(Io(IoOpcode.Read, 0, 24, at, at + PageSize + 4)).Status.ShouldBe(NvmeStatus.InvalidPrpOffset); // a list at no quadword

        // A list that leads to its own page, where it finds nothing but address 0.
        MemoryMarshal.Cast<byte, ulong>(data.Span)[(PageSize / 8) - 1] = at;
        queue.Execute(Io(IoOpcode.Read, 0, 2048, at, at + PageSize - 8)).Status.ShouldBe(NvmeStatus.DataTransferError);
        queue.Execute(Io(IoOpcode.Read, 0, 24, at, 0x5_0000_0000_0000)).Status.ShouldBe(NvmeStatus.DataTransferError); // no list there
        queue.Execute(Io(IoOpcode.Read, 0, 8, 0x5_0000_0000_0000)).Status.ShouldBe(NvmeStatus.DataTransferError);
        queue.Execute(Io(IoOpcode.Read, 0, 8, ulong.MaxValue - 3)).Status.ShouldBe(NvmeStatus.DataTransferError);
    }

    [Fact]
    public async Task Data_lies_where_its_descriptors_say()
    {
        await using RawDriver driver = Start();
        RawQueue queue = driver.CreateQueue(1);
        DmaBuffer data = driver.Allocate(Length);
        DmaBuffer list = driver.Allocate(PageSize);
        Random.Shared.NextBytes(data.Span);
        byte[] expected = data.Span[..Length].ToArray();
        queue.Execute(Sgl(IoOpcode.Write, Blocks, SglDescriptor.Of(SglType.DataBlock, data.Iova.Value, Length))).Status.ShouldBe(NvmeStatus.Success);

        // Odd pieces, thrown away pieces, and two segments.
        Span<SglDescriptor> entries = MemoryMarshal.Cast<byte, SglDescriptor>(list.Span);
        entries[0] = SglDescriptor.Of(SglType.DataBlock, data.Iova.Value + 1, 511);
        entries[1] = SglDescriptor.Of(SglType.BitBucket, 0, 512);
        entries[2] = SglDescriptor.Of(SglType.LastSegment, list.Iova.Value + 1024, 32);
        entries[64] = SglDescriptor.Of(SglType.DataBlock, data.Iova.Value + 4096, 0);
        entries[65] = SglDescriptor.Of(SglType.DataBlock, data.Iova.Value + 8195, Length - 1023 - 32768);
        data.Span.Clear();
        queue.Execute(Sgl(IoOpcode.Read, Blocks / 2, SglDescriptor.Of(SglType.Segment, list.Iova.Value, 48))).Status.ShouldBe(NvmeStatus.Success);
        data.Slice(1, 511).SequenceEqual(expected.AsSpan(0, 511)).ShouldBeTrue();
        data.Slice(8195, 32768 - 1023).SequenceEqual(expected.AsSpan(1023, 32768 - 1023)).ShouldBeTrue();
        data.Span[0].ShouldBe((byte)0);
    }

    [Fact]
    public async Task Descriptors_that_are_wrong_are_refused()
    {
        await using RawDriver driver = Start();
        RawQueue queue = driver.CreateQueue(1);
        DmaBuffer data = driver.Allocate(Length);
        ulong at = data.Iova.Value;
        Read(SglDescriptor.Of(SglType.DataBlock, at, 511)).ShouldBe(NvmeStatus.InvalidSglLength);
        Read(SglDescriptor.Of(SglType.DataBlock, at, 513)).ShouldBe(NvmeStatus.InvalidSglLength);
        Read(SglDescriptor.Of(SglType.DataBlock, at, uint.MaxValue)).ShouldBe(NvmeStatus.InvalidSglLength);
        Read(SglDescriptor.Of((SglType)5, at, 512)).ShouldBe(NvmeStatus.InvalidSglType);
        Read(new SglDescriptor(at, 512 | (1UL << 56))).ShouldBe(NvmeStatus.InvalidSglType); // a subtype
        Read(SglDescriptor.Of(SglType.LastSegment, at, 0)).ShouldBe(NvmeStatus.InvalidSglSegment);
        Read(SglDescriptor.Of(SglType.LastSegment, at, 24)).ShouldBe(NvmeStatus.InvalidSglSegment);
        Read(SglDescriptor.Of(SglType.LastSegment, at, uint.MaxValue - 15)).ShouldBe(NvmeStatus.InvalidSglCount);
        Read(SglDescriptor.Of(SglType.LastSegment, 0x5_0000_0000_0000, 16)).ShouldBe(NvmeStatus.DataTransferError);
        Span<SglDescriptor> entries = MemoryMarshal.Cast<byte, SglDescriptor>(data.Span);
        entries[0] = SglDescriptor.Of(SglType.Segment, at, 16); // leads to itself
        Read(SglDescriptor.Of(SglType.Segment, at, 16)).ShouldBe(NvmeStatus.InvalidSglCount);
        Read(SglDescriptor.Of(SglType.LastSegment, at, 16)).ShouldBe(NvmeStatus.InvalidSglSegment); // leads on, and is the last
        entries[1] = SglDescriptor.Of(SglType.DataBlock, at, 512);
        Read(SglDescriptor.Of(SglType.Segment, at, 32)).ShouldBe(NvmeStatus.InvalidSglSegment); // leads on before its end
        Read(SglDescriptor.Of(SglType.Segment, at + 16, 16)).ShouldBe(NvmeStatus.InvalidSglSegment); // does not lead on
        queue.Execute(Sgl(IoOpcode.Read, 1, default) with { Flags = 0xC0 }).Status.ShouldBe(NvmeStatus.InvalidField);

        NvmeStatus Read(SglDescriptor descriptor) => queue.Execute(Sgl(IoOpcode.Read, 1, descriptor)).Status;
    }

    private static SubmissionEntry Sgl(IoOpcode opcode, int blocks, SglDescriptor descriptor) =>
        Io(opcode, 0, blocks, descriptor.Address, descriptor.Rest) with { Flags = 0x40 };
}
