namespace VfioSharp.Devices.Interop;

/// <summary>How fallocate(2) changes a file (<c>include/uapi/linux/falloc.h</c>).</summary>
internal static class AllocateFlags
{
    public const int FALLOC_FL_KEEP_SIZE = 1;

    /// <summary>What is there reads as zeros, and takes no room.</summary>
    public const int FALLOC_FL_PUNCH_HOLE = 2;
}
