namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>
/// An entry of the MSI state table (MIST) of PHB4 and PHB5: who owns a source, and its state. Four make a 64-bit word of the table, the first in the
/// most significant part (IODA3_MIST_* in QEMU's pnv_phb4_regs.h, <c>phb4_set_ive_pe</c> in skiboot).
/// </summary>
/// <param name="Value">Its sixteen bits.</param>
internal readonly record struct MistEntry(ushort Value)
{
    /// <summary>How many make a word.</summary>
    public const int InWord = 4;

    private const int P = 0x8000;
    private const int Q = 0x4000;
    private const int PeMask = 0x0FFF;

    /// <summary>The PE that owns the source.</summary>
    public int Pe => Value & PeMask;

    /// <summary>Whether a message is passed on now: not pending (P), with none waiting behind it (P and Q), and not off (Q alone).</summary>
    public bool IsReady => (Value & (P | Q)) == 0;

    /// <summary>An entry of a source that is ready.</summary>
    public static MistEntry For(int pe) => new((ushort)(pe & PeMask));

    /// <summary>The same, switched off.</summary>
    public MistEntry AsOff() => new((ushort)((Value & PeMask) | Q));
}
