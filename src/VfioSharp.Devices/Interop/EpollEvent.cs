using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary>
/// <c>struct epoll_event</c> (<c>include/uapi/linux/eventpoll.h</c>) as all architectures but x86-64 lay it out; there it is packed, and
/// <see cref="EpollDescriptor"/> unpacks it.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EpollEvent
{
    /// <summary>Of <see cref="EpollFlags"/>.</summary>
    public uint events;

    /// <summary>What was said when the descriptor was added.</summary>
    public ulong data;
}
