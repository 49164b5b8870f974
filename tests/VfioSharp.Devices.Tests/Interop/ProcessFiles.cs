namespace VfioSharp.Devices.Tests.Interop;

/// <summary>What this process has open (proc_pid_fd(5)).</summary>
internal static class ProcessFiles
{
    /// <summary>How many descriptors there are of files with that in their names.</summary>
    public static int Count(string name) => Directory.GetFiles("/proc/self/fd").Count(file => LinkOf(file).Contains(name, StringComparison.Ordinal));

    /// <summary>A name that nothing else of this process has.</summary>
    public static string UniqueName() => $"test-{Guid.NewGuid():n}";

    // One that was closed meanwhile is none.
    private static string LinkOf(string file)
    {
        try
        {
            return new FileInfo(file).LinkTarget ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
