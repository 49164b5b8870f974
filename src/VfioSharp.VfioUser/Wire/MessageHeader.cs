using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>What each message begins with ("Header"). All numbers are in the host's byte order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MessageHeader
{
    /// <summary>Its length in bytes.</summary>
    public const int Length = 16;

    /// <summary>The sender's choice, given back by the reply.</summary>
    public ushort Id;

    public MessageCommand Command;

    /// <summary>The length of the whole message in bytes, this included.</summary>
    public uint Size;

    public MessageFlags Flags;

    /// <summary>Of a reply with <see cref="MessageFlags.Error"/>: an error number of Linux, or 0.</summary>
    public uint Error;

    public readonly bool IsReply => (Flags & MessageFlags.TypeMask) == MessageFlags.Reply;

    public readonly bool IsCommand => (Flags & MessageFlags.TypeMask) == MessageFlags.None;

    public readonly bool WantsReply => (Flags & MessageFlags.NoReply) == 0;

    public readonly bool IsError => (Flags & MessageFlags.Error) != 0;

    /// <summary>Whether descriptors may come along with it.</summary>
    public readonly bool MayCarryDescriptors => IsReply
        ? Command is MessageCommand.Version or MessageCommand.DeviceGetRegionInfo or MessageCommand.DeviceGetRegionIoFds
        : Command is MessageCommand.DmaMap or MessageCommand.DmaUnmap or MessageCommand.DeviceSetIrqs;
}
