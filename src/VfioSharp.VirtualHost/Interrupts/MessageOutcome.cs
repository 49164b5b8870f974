using System.Diagnostics.CodeAnalysis;

namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>What became of a message: delivered, or blocked with a reason.</summary>
public readonly record struct MessageOutcome
{
    private MessageOutcome(HostInterrupt interrupt, MessageFault? fault)
    {
        Interrupt = interrupt;
        Fault = fault;
    }

    /// <summary>The interrupt that was raised; of no meaning where the message was blocked.</summary>
    public HostInterrupt Interrupt { get; }

    /// <summary>Why the message was blocked; null where it was delivered.</summary>
    public MessageFault? Fault { get; }

    /// <summary>Whether it was delivered.</summary>
    [MemberNotNullWhen(false, nameof(Fault))]
    public bool IsDelivered => Fault is null;

    /// <summary>An interrupt is raised.</summary>
    public static MessageOutcome Delivered(HostInterrupt interrupt) => new(interrupt, null);

    /// <summary>Nothing is raised.</summary>
    public static MessageOutcome Blocked(MessageFault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return new MessageOutcome(default, fault);
    }

    /// <inheritdoc/>
    public override string ToString() => IsDelivered ? $"delivered as {Interrupt}" : $"blocked ({Fault})";
}
