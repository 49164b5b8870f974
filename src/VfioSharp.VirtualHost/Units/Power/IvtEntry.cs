namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>
/// An entry of the interrupt vector table (IVT) of PHB3: who owns a source, and who is interrupted by it (IODA2_IVT_* in QEMU's pnv_phb3_regs.h and in
/// skiboot's phb3-regs.h). Bit 0 is the most significant.
/// </summary>
/// <param name="Value">Its first eight bytes; the other eight hold nothing.</param>
internal readonly record struct IvtEntry(ulong Value)
{
    /// <summary>In bytes; firmware can choose 128 instead.</summary>
    public const int Length = 16;

    /// <summary>The priority that masks a source.</summary>
    public const byte Masked = 0xFF;

    private const int ServerShift = 40; // bits 0:23
    private const int PriorityShift = 32; // bits 24:31
    private const ulong P = 1 << 24; // bit 39
    private const ulong Q = 1 << 16; // bit 47

    /// <summary>The server, without the two bits that link it to others.</summary>
    public uint Server => (uint)(Value >> (ServerShift + 2));

    /// <summary>The priority, the most favoured being 0.</summary>
    public byte Priority => (byte)(Value >> PriorityShift);

    /// <summary>The PE that owns the source: bits 48:63.</summary>
    public int Pe => (ushort)Value;

    /// <summary>Whether a message is presented to the server now: it is not masked, not pending (P), and nothing waits behind it (Q).</summary>
    public bool IsReady => Priority != Masked && (Value & (P | Q)) == 0;

    /// <summary>An entry that interrupts a server. The count of generations (bits 37:38), P and Q are zero.</summary>
    public static IvtEntry To(uint server, byte priority, int pe) =>
        new(((ulong)server << (ServerShift + 2)) | ((ulong)priority << PriorityShift) | (ushort)pe);
}
