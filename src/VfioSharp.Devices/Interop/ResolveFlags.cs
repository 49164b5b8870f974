namespace VfioSharp.Devices.Interop;

/// <summary>How openat2(2) walks a path (<c>include/uapi/linux/openat2.h</c>).</summary>
internal static class ResolveFlags
{
    /// <summary>As if the folder were the root: neither <c>..</c> nor an absolute link leads out of it.</summary>
    public const ulong RESOLVE_IN_ROOT = 0x10;
}
