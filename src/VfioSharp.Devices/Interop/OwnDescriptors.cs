namespace VfioSharp.Devices.Interop;

/// <summary>The descriptors of this process, as procfs has them.</summary>
internal static class OwnDescriptors
{
    /// <summary>A folder with a link for each, named by its number; null where procfs is not to be had.</summary>
    public static FileDescriptor? Folder { get; } = FileDescriptor.Open("/proc/self/fd", OpenFlags.O_RDONLY | MachineAbi.Current.O_DIRECTORY, out _);
}
