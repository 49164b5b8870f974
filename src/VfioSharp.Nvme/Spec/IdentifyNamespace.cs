namespace VfioSharp.Nvme.Spec;

/// <summary>What a controller says of a namespace, 4096 bytes (NVM Express NVM Command Set 1.0, 4.1.5.1, figure 97).</summary>
/// <param name="bytes">The structure, whole; what a device wrote there may be anything.</param>
internal readonly ref struct IdentifyNamespace(Span<byte> bytes)
{
    /// <summary>Its length in bytes.</summary>
    public const int Length = 4096;

    private const int Formats = 128;
    private const int FormatLength = 4;

    private readonly LittleEndianFields fields = new(bytes[..Length]);

    /// <summary>NSZE: its length in logical blocks; 0 where there is no such namespace.</summary>
    public ulong Size { get => fields.Read64(0); set => fields.Write64(0, value); }

    /// <summary>NCAP: how many blocks can be in use, in blocks.</summary>
    public ulong Capacity { get => fields.Read64(8); set => fields.Write64(8, value); }

    /// <summary>NUSE: how many are, in blocks.</summary>
    public ulong Utilization { get => fields.Read64(16); set => fields.Write64(16, value); }

    /// <summary>NSFEAT: bit 0 thin provisioning, 2 deallocated blocks are an error, 4 the preferred granularities are said.</summary>
    public byte Features { get => fields.Read8(24); set => fields.Write8(24, value); }

    /// <summary>NLBAF: how many formats there are, less 1.</summary>
    public byte FormatCount { get => fields.Read8(25); set => fields.Write8(25, value); }

    /// <summary>FLBAS: the format in use.</summary>
    public byte Format { get => fields.Read8(26); set => fields.Write8(26, value); }

    /// <summary>DLFEAT: bits 0 to 2 what deallocated blocks read as (1: zeros), bit 3 whether Write Zeroes deallocates.</summary>
    public byte DeallocateFeatures { get => fields.Read8(33); set => fields.Write8(33, value); }

    /// <summary>NSATTR: bit 0 write protected.</summary>
    public byte Attributes { get => fields.Read8(99); set => fields.Write8(99, value); }

    /// <summary>NGUID: 16 bytes that no other namespace has; all zero where it has none.</summary>
    public Span<byte> Guid => fields.Bytes.Slice(104, 16);

    /// <summary>EUI64: 8 bytes; all zero where it has none.</summary>
    public Span<byte> Eui64 => fields.Bytes.Slice(120, 8);

    /// <summary>LBADS of a format: the logical block's length as a power of two of bytes.</summary>
    public int BlockShift(int format) => fields.Read8(Formats + (format * FormatLength) + 2);

    /// <summary>MS of a format: metadata of a block in bytes.</summary>
    public int MetadataLength(int format) => fields.Read16(Formats + (format * FormatLength));

    /// <summary>Describes a format without metadata.</summary>
    public void SetFormat(int format, int blockShift, int relativePerformance)
    {
        fields.Write16(Formats + (format * FormatLength), 0);
        fields.Write8(Formats + (format * FormatLength) + 2, (byte)blockShift);
        fields.Write8(Formats + (format * FormatLength) + 3, (byte)relativePerformance);
    }
}
