namespace VfioSharp.VirtualHost.Units.Amd;

/// <summary>
/// An interrupt remapping table entry (AMD IOMMU specification 3.11, 2.2.5): what a message that names it becomes. Who may use it follows from the
/// table that it is in.
/// </summary>
/// <param name="Low">Bits 63:0; of a basic entry bits 31:0.</param>
/// <param name="High">Bits 127:64; of a basic entry 0.</param>
/// <param name="Format">How it is laid out.</param>
internal readonly record struct AmdViEntry(ulong Low, ulong High, AmdViFormat Format)
{
    private const ulong RemapEnable = 1;
    private const ulong LogicalDestination = 1 << 6;
    private const ulong GuestMode = 1 << 7; // reserved: this unit posts nothing to guests (GAMSup is 0)
    private const ulong BasicReserved = 0xFF00_0000 | GuestMode;
    private const ulong WideReserved = 0xFFFF_FFFF_FFFF_0000 | GuestMode;
    private const ulong X2ApicReserved = 0xFFFF_FFFF_0000_0000 | GuestMode;
    private const uint LastType = 1;

    /// <summary>RemapEn: whether the entry is used at all.</summary>
    public bool IsRemapped => (Low & RemapEnable) != 0;

    /// <summary>IntType: 0 fixed, 1 arbitrated, the rest reserved.</summary>
    public uint Type => (uint)(Low >> 2) & 7;

    public bool HasReservedType => Type > LastType;

    public bool IsLogical => (Low & LogicalDestination) != 0;

    public uint Vector => (uint)(Format == AmdViFormat.Basic ? Low >> 16 : High) & 0xFF;

    /// <summary>Who is told.</summary>
    public uint Destination => Format == AmdViFormat.X2Apic
        ? ((uint)(Low >> 8) & 0xFF_FFFF) | ((uint)(High >> 32) & 0xFF00_0000)
        : (uint)(Low >> 8) & 0xFF;

    /// <summary>Whether anything is set that must not be while RemapEn is.</summary>
    public bool HasReserved => Format switch
    {
        AmdViFormat.Basic => (Low & BasicReserved) != 0,
        AmdViFormat.Wide => (Low & WideReserved) != 0 || High > byte.MaxValue,
        _ => (Low & X2ApicReserved) != 0 || (High & 0x00FF_FFFF_FFFF_FF00) != 0,
    };

    /// <summary>The length of an entry, in bytes.</summary>
    public static int LengthOf(AmdViFormat format) => format == AmdViFormat.Basic ? 4 : 16;

    /// <summary>An entry that delivers to a processor's vector, fixed.</summary>
    public static AmdViEntry To(uint processor, uint vector, AmdViFormat format) => format switch
    {
        AmdViFormat.Basic => new(RemapEnable | ((ulong)processor << 8) | ((ulong)vector << 16), 0, format),
        AmdViFormat.Wide => new(RemapEnable | ((ulong)processor << 8), vector, format),
        _ => new(RemapEnable | ((ulong)(processor & 0xFF_FFFF) << 8), vector | ((ulong)(processor >> 24) << 56), format),
    };
}
