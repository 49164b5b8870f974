using System.Buffers.Binary;
using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Tests.Access;

/// <summary>A function whose BAR 0 is a file: mapped where it may be, read and written through the file elsewhere, every such access noted.</summary>
internal sealed class MemoryFunction : PciFunction
{
    public const int TableOffset = 0x2000;
    public const int PbaOffset = 0x2800;
    private const int MsixOffset = 0x40;

    private readonly MemoryFile file;
    private readonly byte[] configuration = new byte[256];

    private MemoryFunction(ulong length, IsolationVerdict isolation, ImmutableArray<ByteRange> mappable)
        : base(new FunctionShape
        {
            Name = "memory",
            Regions = [new RegionShape(length, true, true, mappable), .. Enumerable.Repeat(RegionShape.Absent, 6), new RegionShape(256, true, true, [])],
            Interrupts = [],
            Dma = new DmaLimits([new IovaRange(new Iova(0), new Iova(0xFFFF_FFFF))], 0x1000, int.MaxValue),
            Isolation = isolation,
            Events = null!, // nothing interrupts here
        })
    {
        file = MemoryFile.Create("bar", (long)Math.Max(length, (ulong)Environment.SystemPageSize), 0, out Errno error)!;
        error.ShouldBe(Errno.None);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration, 0x11E9_1234);
        BinaryPrimitives.WriteUInt16LittleEndian(configuration.AsSpan(0x04), 0x0002);
        if (length > TableOffset)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(configuration.AsSpan(0x06), 0x0010);
            configuration[0x34] = MsixOffset;
            configuration[MsixOffset] = 0x11;
            BinaryPrimitives.WriteUInt16LittleEndian(configuration.AsSpan(MsixOffset + 2), 3);
            BinaryPrimitives.WriteUInt32LittleEndian(configuration.AsSpan(MsixOffset + 4), TableOffset);
            BinaryPrimitives.WriteUInt32LittleEndian(configuration.AsSpan(MsixOffset + 8), PbaOffset);
        }
    }

    /// <summary>Reads and writes that went through the backend, as <c>read 4 @2008</c>.</summary>
    public List<string> Trapped { get; } = [];

    public bool Answers { get; set; } = true;

    /// <summary>The Command register as the function has it, closed or not.</summary>
    public PciCommand Command => (PciCommand)BinaryPrimitives.ReadUInt16LittleEndian(configuration.AsSpan(4));

    public static MemoryFunction Create(ulong length = 0x4000, IsolationVerdict isolation = IsolationVerdict.Isolated, params ByteRange[] mappable) =>
        new(length, isolation, mappable.Length > 0 ? [.. mappable] : [new ByteRange(0, length)]);

    public byte[] Bytes(long offset, int length)
    {
        byte[] data = new byte[length];
        file.File.PositionedRead(data, offset, out _).ShouldBe(Errno.None);
        return data;
    }

    public void Put(long offset, ReadOnlySpan<byte> data) => file.File.PositionedWrite(data, offset, out _).ShouldBe(Errno.None);

    internal override bool ReadRegionCore(int region, ulong offset, Span<byte> data)
    {
        if (region == RegionIndex.Configuration)
        {
            configuration.AsSpan((int)offset, data.Length).CopyTo(data);
            return true;
        }

        Trapped.Add($"read {data.Length} @{offset:x}");
        return Answers && file.File.PositionedRead(data, (long)offset, out _) == Errno.None;
    }

    internal override bool WriteRegionCore(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        if (region == RegionIndex.Configuration)
        {
            data.CopyTo(configuration.AsSpan((int)offset));
            return true;
        }

        Trapped.Add($"write {data.Length} @{offset:x}");
        return Answers && file.File.PositionedWrite(data, (long)offset, out _) == Errno.None;
    }

    internal override void MapRegionCore(int region, ByteRange range, nint address) =>
        MappedMemory.Map(address, range.Length, file.File, range.Offset).ShouldBe(Errno.None);

    internal override void EnableInterruptsCore(InterruptKind kind, int start, ReadOnlySpan<EventFd?> triggers) => throw new NotSupportedException();

    internal override void DisableInterruptsCore(InterruptKind kind) => throw new NotSupportedException();

    internal override void UnmaskIntxCore() => throw new NotSupportedException();

    internal override ValueTask ResetCore(CancellationToken stop) => throw new NotSupportedException();

    internal override void MapDmaCore(in DmaRegion region) => throw new NotSupportedException();

    internal override void UnmapDmaCore(in DmaRegion region) => throw new NotSupportedException();

    internal override ValueTask CloseCore()
    {
        file.Dispose();
        return ValueTask.CompletedTask;
    }
}
