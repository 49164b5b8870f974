namespace VfioSharp.Nvme.Spec;

/// <summary>An entry of the error log, 64 bytes (NVM Express Base 2.0, 5.16.1.2, figure 206).</summary>
/// <param name="bytes">The structure, whole.</param>
internal readonly ref struct ErrorLogEntry(Span<byte> bytes)
{
    /// <summary>Its length in bytes.</summary>
    public const int Length = 64;

    private readonly LittleEndianFields fields = new(bytes[..Length]);

    /// <summary>1 for the first error that there was, and so on; 0 for an entry that is not used.</summary>
    public ulong ErrorCount { get => fields.Read64(0); set => fields.Write64(0, value); }

    /// <summary>The submission queue of the command.</summary>
    public ushort SubmissionQueue { get => fields.Read16(8); set => fields.Write16(8, value); }

    /// <summary>The command.</summary>
    public ushort CommandId { get => fields.Read16(10); set => fields.Write16(10, value); }

    /// <summary>As in the completion entry.</summary>
    public ushort StatusField { get => fields.Read16(12); set => fields.Write16(12, value); }

    /// <summary>Where in the command the error is: byte in bits 0 to 7, bit in 8 to 10; all ones where that cannot be said.</summary>
    public ushort ParameterLocation { get => fields.Read16(14); set => fields.Write16(14, value); }

    /// <summary>The first logical block in error.</summary>
    public ulong Block { get => fields.Read64(16); set => fields.Write64(16, value); }

    /// <summary>The namespace.</summary>
    public uint NamespaceId { get => fields.Read32(24); set => fields.Write32(24, value); }
}
