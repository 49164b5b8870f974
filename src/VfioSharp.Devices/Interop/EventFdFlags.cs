namespace VfioSharp.Devices.Interop;

/// <summary>Flags of eventfd(2) (<c>include/uapi/linux/eventfd.h</c>).</summary>
internal static class EventFdFlags
{
    /// <summary>A read takes one signal, not all.</summary>
    public const int EFD_SEMAPHORE = 1;
    public const int EFD_NONBLOCK = 0x800;
    public const int EFD_CLOEXEC = 0x80000;
}
