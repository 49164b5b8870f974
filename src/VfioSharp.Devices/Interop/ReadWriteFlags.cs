namespace VfioSharp.Devices.Interop;

/// <summary>Flags of preadv2(2) and pwritev2(2) (<c>include/uapi/linux/fs.h</c>).</summary>
internal static class ReadWriteFlags
{
    /// <summary>What is written is on the medium once the call returns.</summary>
    public const int RWF_DSYNC = 2;

    /// <summary>EAGAIN instead of waiting, whatever the descriptor's own mode.</summary>
    public const int RWF_NOWAIT = 8;
}
