using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.X86;

/// <summary>
/// A message as processors take it, with nothing in between: address and data name a processor and a vector (Intel SDM volume 3A, 12.11; AMD APM
/// volume 2, 16.11). Whoever can write it can raise any vector of any processor.
/// </summary>
internal static class X86Message
{
    /// <summary>Where messages are written to: 0xfee00000 to 0xfeefffff.</summary>
    public const ulong Window = 0xFEE0_0000;

    /// <summary>The window's length in bytes.</summary>
    public const ulong WindowLength = 0x10_0000;

    private const ulong LogicalDestination = 1 << 2;
    private const uint FirstVector = 0x10;

    private enum DeliveryMode : uint
    {
        Fixed = 0,
        LowestPriority = 1,
        Smi = 2,
        Nmi = 4,
        Init = 5,
        ExternalInterrupt = 7,
    }

    private static readonly MessageFault IllegalVector = new("the local APIC takes no vector below 16");
    private static readonly MessageFault ReservedMode = new("the delivery mode is reserved");
    private static readonly MessageFault NobodyNamed = new("the logical destination names no processor");

    /// <summary>Whether an address lies in the window.</summary>
    public static bool IsMessage(ulong address) => address - Window < WindowLength;

    /// <summary>Where a message for a processor is written to, in the format that is not remapped.</summary>
    public static ulong AddressOf(uint processor) => Window | ((ulong)processor << 12);

    /// <summary>What processors make of a message.</summary>
    /// <remarks>Of those that a logical destination or a broadcast names, the first takes it.</remarks>
    public static MessageOutcome Deliver(ulong address, uint data)
    {
        uint destination = (uint)(address >> 12) & 0xFF;
        return Deliver(destination, (address & LogicalDestination) != 0, (data >> 8) & 7, data & 0xFF);
    }

    /// <summary>What processors make of a message that was taken apart.</summary>
    /// <param name="destination">An APIC ID, or in logical mode a set of the first eight processors (SDM 12.6.2.2, flat model).</param>
    /// <param name="isLogical">Whether it is a set.</param>
    /// <param name="mode">The delivery mode.</param>
    /// <param name="vector">The vector, which modes other than fixed and lowest priority ignore.</param>
    public static MessageOutcome Deliver(uint destination, bool isLogical, uint mode, uint vector)
    {
        if (isLogical)
        {
            if (destination == 0)
            {
                return MessageOutcome.Blocked(NobodyNamed);
            }

            destination = (uint)System.Numerics.BitOperations.TrailingZeroCount(destination);
        }
        else if (destination is 0xFF or uint.MaxValue)
        {
            destination = 0;
        }

        return (DeliveryMode)mode switch
        {
            DeliveryMode.Fixed or DeliveryMode.LowestPriority when vector < FirstVector => MessageOutcome.Blocked(IllegalVector),
            DeliveryMode.Fixed or DeliveryMode.LowestPriority => MessageOutcome.Delivered(new HostInterrupt(destination, vector)),
            DeliveryMode.Nmi => MessageOutcome.Delivered(new HostInterrupt(destination, NmiVector)),
            DeliveryMode.Smi or DeliveryMode.Init or DeliveryMode.ExternalInterrupt => MessageOutcome.Delivered(new HostInterrupt(destination, SpecialVectors + mode)),
            _ => MessageOutcome.Blocked(ReservedMode),
        };
    }

    /// <summary>The vector of the non-maskable interrupt.</summary>
    public const uint NmiVector = 2;

    /// <summary>SMI, INIT and ExtINT have no vector: they are shown as this plus the delivery mode.</summary>
    public const uint SpecialVectors = 0x100;
}
