namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>
/// A message as host bridges of POWER8, 9 and 10 take it apart: address and data together name one of the bridge's interrupt sources, and nothing
/// else (hw/phb3.c and hw/phb4.c of skiboot, <c>get_msi_32</c> and <c>get_msi_64</c>; in QEMU, <c>pnv_phb3_msi_send</c>).
/// </summary>
internal static class IodaMessage
{
    /// <summary>How many sources share an address and differ in the data.</summary>
    public const int SourcesAtAddress = 32;

    private const ulong Space64 = 1UL << 60;
    private const ulong Window32 = 0xFFFF_0000;
    private const uint DataBits = SourcesAtAddress - 1;

    /// <summary>Whether an address lies in the window for 64-bit messages: of its upper four bits, the lowest alone is set.</summary>
    public static bool Is64Bit(ulong address) => address >> 60 == 1;

    /// <summary>Whether an address lies in the window for 32-bit messages, the last 64 KiB below 4 GiB.</summary>
    public static bool Is32Bit(ulong address) => address >> 16 == Window32 >> 16;

    /// <summary>
    /// The source that a message names: the address's bits 19:4, of which the window for 32 bits leaves the lower twelve, and the data's lower five
    /// set in them.
    /// </summary>
    public static int SourceOf(ulong address, uint data) =>
        (int)((((uint)address & (Is32Bit(address) ? 0xFFFFU : 0xF_FFFFU)) >> 4) | (data & DataBits));

    /// <summary>Where a 64-bit message for a source is written to.</summary>
    public static ulong Address64(int source) => Space64 | AddressBits(source);

    /// <summary>Where a 32-bit message for a source, one of the first 4,096, is written to.</summary>
    public static ulong Address32(int source) => Window32 | AddressBits(source);

    /// <summary>What either writes.</summary>
    public static uint DataOf(int source) => (uint)source & DataBits;

    private static ulong AddressBits(int source) => ((ulong)source & ~(ulong)DataBits) << 4;
}
