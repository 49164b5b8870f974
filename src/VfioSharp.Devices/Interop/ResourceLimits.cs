namespace VfioSharp.Devices.Interop;

/// <summary>Resources that getrlimit(2) knows (<c>include/uapi/asm-generic/resource.h</c>).</summary>
internal static class ResourceLimits
{
    public const int RLIMIT_NOFILE = 7;

    /// <summary>Bytes that may be pinned.</summary>
    public const int RLIMIT_MEMLOCK = 8;
    public const ulong RLIM_INFINITY = ulong.MaxValue;
}
