using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.X86;

/// <summary>x86 with nothing between functions and processors: every message is delivered as it is written, whoever writes it.</summary>
public sealed class DirectUnit : IsolationUnit
{
    internal DirectUnit()
    {
    }

    /// <inheritdoc/>
    public override string Name => "none";

    /// <inheritdoc/>
    public override bool IsMessage(ulong address) => X86Message.IsMessage(address);

    /// <inheritdoc/>
    public override UnitCondition Examine() => new(false, "messages reach the processors as they are written");

    /// <inheritdoc/>
    internal override MessageOutcome Filter(RequesterId requester, ulong address, uint data) => X86Message.Deliver(address, data);
}
