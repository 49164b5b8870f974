using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Units.X86;

namespace VfioSharp.VirtualHost.Units.Amd;

/// <summary>
/// A message taken apart, as an AMD IOMMU sees it (AMD IOMMU specification 3.11, tables 3, 4 and 19). It arrives in one of two forms: as an MSI, whose
/// address and data hold the parts, or written to the interrupt range of HyperTransport, where the address holds them all.
/// </summary>
/// <param name="Destination">An APIC ID, or a set of processors.</param>
/// <param name="IsLogical">DM: whether it is a set.</param>
/// <param name="Type">MT: 0 fixed, 1 arbitrated, else one of the others; an MSI has those below 8 alone.</param>
/// <param name="Vector">The vector.</param>
internal readonly record struct AmdViMessage(uint Destination, bool IsLogical, uint Type, uint Vector)
{
    private const ulong ReservedRange = 0xFD_0000_0000;
    private const ulong InterruptRange = 0xFD_F800_0000;
    private const ulong InterruptRangeLength = 0x100_0000;

    private const uint Smi = 2;
    private const uint Nmi = 4;
    private const uint Init = 5;
    private const uint ExternalInterrupt = 7;
    private const uint Lint1 = 11;
    private const uint Lint0 = 14;

    /// <summary>Which entry of an interrupt table it names: bits 10:0 of an MSI's data (figure 14).</summary>
    public uint Index => ((Type & 7) << 8) | Vector;

    /// <summary>Whether it is a system management interrupt, which no table governs (table 4).</summary>
    public bool IsSmi => Type == Smi && !IsLogical;

    /// <summary>What lets it pass, where it is neither fixed nor arbitrated and has a physical destination; nothing does where the type has no meaning.</summary>
    public AmdViPass PassedBy => Type switch
    {
        3 or Nmi or 6 => AmdViPass.NmiPass,
        Init => AmdViPass.InitPass,
        ExternalInterrupt => AmdViPass.EIntPass,
        Lint1 => AmdViPass.Lint1Pass,
        Lint0 => AmdViPass.Lint0Pass,
        _ => AmdViPass.None,
    };

    /// <summary>The message that is written to the interrupt range of HyperTransport for the same interrupt.</summary>
    public InterruptMessage InInterruptRange => new(
        InterruptRange | (Vector << 16) | (Destination << 8) | ((Type & 8) << 4) | (IsLogical ? 1u << 6 : 0) | ((Type & 7) << 2), 0);

    /// <summary>Whether a write there is an interrupt, or would be if it were not reserved.</summary>
    public static bool IsMessage(ulong address) =>
        X86Message.IsMessage(address) || address - ReservedRange < InterruptRange + InterruptRangeLength - ReservedRange;

    /// <summary>Whether an address is set aside for interrupts and has none.</summary>
    public static bool IsReserved(ulong address) => address - ReservedRange < InterruptRange - ReservedRange;

    /// <summary>Takes a message apart.</summary>
    /// <param name="address">Where it was written to.</param>
    /// <param name="data">What was written, which only an MSI needs.</param>
    public static AmdViMessage Parse(ulong address, uint data)
    {
        uint bits = (uint)address;
        return address - InterruptRange < InterruptRangeLength
            ? new((bits >> 8) & 0xFF, (bits & (1 << 6)) != 0, ((bits >> 2) & 7) | ((bits >> 4) & 8), (bits >> 16) & 0xFF)
            : new((bits >> 12) & 0xFF, (bits & (1 << 2)) != 0, (data >> 8) & 7, data & 0xFF);
    }

    /// <summary>What processors make of it as it is; the legacy pins are an NMI and an ExtINT (table 7).</summary>
    public MessageOutcome Deliver() => X86Message.Deliver(
        Destination, IsLogical, Type switch { Lint1 => Nmi, Lint0 => ExternalInterrupt, _ => Type }, Vector);
}
