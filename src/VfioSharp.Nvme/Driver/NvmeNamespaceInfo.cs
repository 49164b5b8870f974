namespace VfioSharp.Nvme.Driver;

/// <summary>A namespace: blocks of one length, numbered from 0.</summary>
public sealed record NvmeNamespaceInfo
{
    /// <summary>NSID, 1 and up.</summary>
    public required uint Id { get; init; }

    /// <summary>A logical block in bytes: a power of two, 512 and up.</summary>
    public required int BlockSize { get; init; }

    /// <summary>How many logical blocks it has.</summary>
    public required long BlockCount { get; init; }

    /// <summary>Its length in bytes.</summary>
    public long Length => BlockCount * BlockSize;

    /// <summary>Metadata of each block in bytes. The driver moves none, and takes no commands for a namespace that has some.</summary>
    public int MetadataLength { get; init; }

    /// <summary>Whether it takes no writes for now.</summary>
    public bool IsWriteProtected { get; init; }

    /// <summary>Whether blocks that were deallocated read as zeros.</summary>
    public bool DeallocatedReadsZero { get; init; }

    /// <summary>EUI-64 as 16 hexadecimal digits; null where it has none.</summary>
    public string? Eui64 { get; init; }

    /// <summary>NGUID as 32 hexadecimal digits; null where it has none.</summary>
    public string? Nguid { get; init; }
}
