namespace VfioSharp.Devices.Interop;

/// <summary>Flags of preadv2(2) (<c>include/uapi/linux/fs.h</c>).</summary>
internal static class ReadWriteFlags
{
    /// <summary>EAGAIN instead of waiting, whatever the descriptor's own mode.</summary>
    public const int RWF_NOWAIT = 8;
}
