namespace VfioSharp.Devices.Interop;

/// <summary>Offsets inside a record of getdents64(2), <c>struct linux_dirent64</c>; a record's size is in the record itself.</summary>
internal static class DirectoryEntry
{
    public const int d_reclen = 16;
    public const int d_name = 19;
}
