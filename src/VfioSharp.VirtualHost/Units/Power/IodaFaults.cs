using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>
/// Why an IODA bridge blocks a message. On PHB4 the number is that of the bit in the register RXE_ARB Error Status, as
/// external/pci-scripts/phberr.py of skiboot names them; PHB3's register has other bits, which no public source names.
/// </summary>
/// <param name="Mismatch">The source belongs to another PE.</param>
/// <param name="UnknownPe">The RTT names a PE that the bridge has not.</param>
/// <param name="NoRequesterTable">The RTT is not enabled.</param>
internal sealed record IodaFaults(MessageFault Mismatch, MessageFault UnknownPe, MessageFault NoRequesterTable)
{
    private const string MismatchText = "the source belongs to another PE than the requester";
    private const string UnknownPeText = "the requester's entry of the RTT names no PE";
    private const string NoRequesterTableText = "the RTT is disabled";

    /// <summary>Those of POWER8's bridge.</summary>
    public static IodaFaults Phb3 { get; } = new(new(MismatchText), new(UnknownPeText), new(NoRequesterTableText));

    /// <summary>Those of POWER9's and POWER10's.</summary>
    public static IodaFaults Phb4 { get; } = new(new(MismatchText, 27), new(UnknownPeText, 40), new(NoRequesterTableText, 41));

    /// <summary>The requester's PE is frozen since an earlier fault.</summary>
    public static MessageFault Frozen { get; } = new("the requester's PE is frozen");

    /// <summary>Beyond the sources for messages.</summary>
    public static MessageFault NoSource { get; } = new("the source number is none of a message's");

    /// <summary>The source is masked.</summary>
    public static MessageFault Masked { get; } = new("the source is masked, or its last interrupt has not ended");

    /// <summary>PHB3 has no IVT to read.</summary>
    public static MessageFault NoVectorTable { get; } = new("the IVT is disabled");

    /// <summary>Behind PHB4, the interrupt controller takes the source for none of its own.</summary>
    public static MessageFault Unassigned { get; } = new("the interrupt controller's entry of the source is masked or not valid");
}
