using VfioSharp.Pci.Addressing;

namespace VfioSharp.VirtualHost.Units.Intel;

/// <summary>
/// An interrupt remapping table entry in the remapped format (VT-d specification 5.1, 9.9): who may use it, and what a message that names it becomes.
/// </summary>
/// <param name="Low">Bits 63:0: what the message becomes.</param>
/// <param name="High">Bits 127:64: who may use it.</param>
internal readonly record struct VtdEntry(ulong Low, ulong High)
{
    public const int Length = 16;

    private const ulong Present = 1;
    private const ulong LogicalDestination = 1 << 2;
    private const ulong LowReserved = 0xFF00_F000; // 31:24, and 15:12 with the bit that would make it a posted one
    private const ulong NarrowDestinationReserved = 0xFFFF_00FF_0000_0000; // without extended mode only 47:40 name the processor
    private const ulong HighReserved = ~0xF_FFFFUL;

    /// <summary>How the source of a message is checked: SVT, bits 83:82.</summary>
    private enum Validation
    {
        None = 0,
        Source = 1,
        Bus = 2,
    }

    public bool IsPresent => (Low & Present) != 0;

    public uint Vector => (uint)(Low >> 16) & 0xFF;

    public uint DeliveryMode => (uint)(Low >> 5) & 7;

    public bool IsLogical => (Low & LogicalDestination) != 0;

    /// <summary>Whether the source of a message is checked at all.</summary>
    public bool ChecksSource => SourceValidation != Validation.None;

    private Validation SourceValidation => (Validation)((High >> 18) & 3);

    /// <summary>An entry that delivers to a processor's vector, fixed, edge-triggered, and to whoever writes it.</summary>
    public static VtdEntry To(uint processor, uint vector, bool isExtended) =>
        new(Present | ((ulong)vector << 16) | ((ulong)(isExtended ? processor : processor << 8) << 32), 0);

    /// <summary>The same for one source alone (SVT 01, SQ 00).</summary>
    public VtdEntry OnlyFor(RequesterId source) => this with { High = ((ulong)Validation.Source << 18) | source.Value };

    /// <summary>The same for the sources on a range of buses (SVT 10).</summary>
    public VtdEntry OnlyForBuses(byte first, byte last) => this with { High = ((ulong)Validation.Bus << 18) | ((ulong)first << 8) | last };

    /// <summary>Who is told.</summary>
    public uint Destination(bool isExtended) => isExtended ? (uint)(Low >> 32) : (uint)(Low >> 40) & 0xFF;

    /// <summary>Whether anything is set that must not be.</summary>
    public bool HasReserved(bool isExtended) =>
        (Low & LowReserved) != 0 || (!isExtended && (Low & NarrowDestinationReserved) != 0) || (High & HighReserved) != 0 || (int)SourceValidation == 3;

    /// <summary>Whether a source may use it.</summary>
    public bool Admits(RequesterId requester)
    {
        ushort source = (ushort)High;
        switch (SourceValidation)
        {
            case Validation.None:
                return true;
            case Validation.Bus:
                return requester.Bus >= source >> 8 && requester.Bus <= (source & 0xFF);
            default:
                // SQ, bits 81:80: how many of the function number's bits are left out, from the third on.
                int ignored = (int)(High >> 16) & 3;
                int mask = ~((7 << (3 - ignored)) & 7);
                return ((requester.Value ^ source) & mask & 0xFFFF) == 0;
        }
    }
}
