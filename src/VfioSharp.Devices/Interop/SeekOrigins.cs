namespace VfioSharp.Devices.Interop;

/// <summary>From where lseek(2) counts (<c>include/uapi/linux/fs.h</c>).</summary>
internal static class SeekOrigins
{
    public const int SEEK_END = 2;
}
