using System.Buffers.Binary;
using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>
/// A small function as its server describes it: BAR 0 of four pages, mapped by a file; BAR 2 with an MSI-X table of four vectors; 256 bytes of configuration
/// space; a line, MSI-X, a notice of errors. What is written is kept.
/// </summary>
internal sealed class RawShape : IDisposable
{
    public const int Vectors = 4;
    public const uint Readable = 1 << 0;
    public const uint Writable = 1 << 1;
    public const uint Mappable = 1 << 2;
    public const uint HasCapabilities = 1 << 3;

    private readonly SharedFile file = new(4 * (long)Page);

    public RawShape()
    {
        for (int i = 0; i < Registers.Length; i++)
        {
            Registers[i] = [];
        }

        Registers[0] = new byte[4 * Page];
        Registers[2] = new byte[Page];
        Registers[7] = new byte[256];
        Span<byte> space = Registers[7];
        BinaryPrimitives.WriteUInt32LittleEndian(space, 0x5678_1234);
        space[0x06] = 1 << 4; // there is a list of capabilities
        space[0x10] = 0b0000; // BAR 0 and 2: memory, 32 bits
        space[0x34] = 0x40;
        space[0x40] = 0x11; // MSI-X (PCIe 6.0, 7.7.2)
        BinaryPrimitives.WriteUInt16LittleEndian(space[0x42..], Vectors - 1);
        BinaryPrimitives.WriteUInt32LittleEndian(space[0x44..], 2);
        BinaryPrimitives.WriteUInt32LittleEndian(space[0x48..], 0x800 | 2);
    }

    public static ulong Page => Layouts.Page;

    /// <summary>What the regions hold, by index.</summary>
    public byte[][] Registers { get; } = new byte[9][];

    public string? Json { get; set; } = RawClient.UsualJson;

    /// <summary>How many vectors each kind of interrupt has.</summary>
    public uint[] Interrupts { get; set; } = [1, 0, Vectors, 1, 0];

    /// <summary>The file of BAR 0.</summary>
    public FileDescriptor File => file.File;

    /// <summary>How many mappings of it there are.</summary>
    public int Mappings => file.Mappings;

    /// <summary>A description of a region, with nothing behind it.</summary>
    public static byte[] Region(uint index, ulong size, uint flags, uint argsz = 32, uint capabilities = 0, ulong offset = 0) =>
        new Bytes().U32(argsz, flags, index, capabilities).U64(size, offset);

    /// <summary>What such a function's server replies; null where it refuses.</summary>
    public byte[]? Answer(RawMessage request, out FileDescriptor[] files)
    {
        files = [];
        switch (request.Command)
        {
            case Commands.Version:
                return Payloads.Version(0, 2, Json);
            case Commands.GetInfo:
                return new Bytes().U32(16, 3, 9, (uint)Interrupts.Length);
            case Commands.GetRegionInfo when request.U32(8) < (uint)Registers.Length:
                uint index = request.U32(8);
                files = index == 0 ? [File] : [];
                uint flags = Registers[index].Length == 0 ? 0 : Readable | Writable | (index == 0 ? Mappable : 0);
                return Region(index, (ulong)Registers[index].Length, flags);
            case Commands.GetIrqInfo when request.U32(8) < (uint)Interrupts.Length:
                return new Bytes().U32(16, 1, request.U32(8), Interrupts[request.U32(8)]);
            case Commands.RegionRead when Holds(request):
                return [.. request.Payload[..16], .. Registers[request.U32(8)].AsSpan((int)request.U64(0), (int)request.U32(12))];
            case Commands.RegionWrite when Holds(request):
                request.Payload.AsSpan(16).CopyTo(Registers[request.U32(8)].AsSpan((int)request.U64(0)));
                return request.Payload[..16];
            case Commands.SetIrqs or Commands.Reset or Commands.MigDataWrite:
                return [];
            case Commands.DmaMap or Commands.DmaUnmap:
                return request.Command == Commands.DmaUnmap ? request.Payload : [];
            case Commands.Feature when (request.U32(4) & 0xFFFF) == Payloads.Migration:
                return new Bytes().U32(16, request.U32(4)).U64(1);
            case Commands.Feature when (request.U32(4) & 0xFFFF) == Payloads.LogReport:
                return [.. request.Payload, .. new byte[(int)((request.U64(16) / 4096) + 63) / 64 * 8]];
            case Commands.Feature:
                return request.Payload;
            case Commands.MigDataRead:
                return new Bytes().U32(8 + 3, 3).Raw(1, 2, 3);
            case Commands.WriteMulti:
                return request.Payload[..8];
            case Commands.GetRegionIoFds:
                return new Bytes().U32(16, 0, request.U32(8), 0);
            default:
                return null;
        }
    }

    public void Dispose() => file.Dispose();

    // A client asks for more where a test has told it of more.
    private bool Holds(RawMessage request) =>
        request.U32(8) < (uint)Registers.Length && request.U64(0) <= (ulong)Registers[request.U32(8)].Length
        && request.U32(12) <= (ulong)Registers[request.U32(8)].Length - request.U64(0);
}
