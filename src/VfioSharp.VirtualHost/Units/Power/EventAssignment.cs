using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>
/// An event assignment structure (EAS) of XIVE, the interrupt controller of POWER9 and POWER10: what a source becomes. It names an event notification
/// descriptor (END), which leads to a server and a priority, and the number that the server is told (EAS_* in skiboot's xive2-regs.h, IVE_* in
/// xive-p9-regs.h). Bit 0 is the most significant.
/// </summary>
/// <param name="Value">Its eight bytes.</param>
/// <remarks>
/// ENDs are not modelled. Firmware makes eight in a row for each server, one a priority (<c>xive_eq_for_target</c> in skiboot's hw/xive.c); here
/// those of server <i>n</i> begin at 8<i>n</i>.
/// </remarks>
internal readonly record struct EventAssignment(ulong Value)
{
    private const ulong Valid = 1UL << 63; // bit 0
    private const ulong Masked = 1UL << 31; // bit 32
    private const ulong NumberMask = 0x7FFF_FFFF; // bits 33:63
    private const int EndShift = 32; // bits 8:31
    private const uint EndMask = 0xFF_FFFF;
    private const int EndsOfServer = 8;
    private const uint Priority = 7; // the one that Linux uses for all

    /// <summary>Whether it leads anywhere.</summary>
    public bool IsActive => (Value & (Valid | Masked)) == Valid;

    /// <summary>The server, and what it is told.</summary>
    public HostInterrupt Interrupt => new(((uint)(Value >> EndShift) & EndMask) / EndsOfServer, (uint)(Value & NumberMask));

    /// <summary>One that leads to a server.</summary>
    public static EventAssignment To(HostInterrupt interrupt) =>
        new(Valid | ((ulong)((interrupt.Processor * EndsOfServer) + Priority) << EndShift) | (interrupt.Vector & NumberMask));

    /// <summary>The same, masked.</summary>
    public EventAssignment AsMasked() => new(Value | Masked);
}
