using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>A message as it came.</summary>
/// <param name="Header">Its header.</param>
/// <param name="Payload">What follows.</param>
/// <param name="Files">What came along.</param>
internal sealed record RawMessage(MessageHeader Header, byte[] Payload, FileDescriptor[] Files)
{
    /// <summary>What it says went wrong; none where it is no error.</summary>
    public Errno Error => Header.IsError ? (Errno)Header.Error : Errno.None;

    /// <summary>What its payload begins with.</summary>
    public T As<T>()
        where T : unmanaged => MemoryMarshal.Read<T>(Payload);
}
