using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>A part of a region that is written through a descriptor.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SubRegion
{
    /// <summary>An eventfd, signalled in place of the write.</summary>
    public const uint TypeIoEventFd = 0;

    /// <summary>Only the value of <see cref="Match"/> counts (<c>KVM_IOEVENTFD_FLAG_DATAMATCH</c>, <c>include/uapi/linux/kvm.h</c>).</summary>
    public const uint FlagDataMatch = 1 << 0;

    /// <summary>The region is I/O ports (<c>KVM_IOEVENTFD_FLAG_PIO</c>).</summary>
    public const uint FlagPio = 1 << 1;

    public ulong Offset;
    public ulong Size;

    /// <summary>Which of the descriptors that come along.</summary>
    public uint DescriptorIndex;
    public uint Type;
    public uint Flags;
    public uint Padding;
    public ulong Match;
}
