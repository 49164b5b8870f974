using System.Diagnostics;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Linux.Binding;

/// <summary>Keeps binds and unbinds of a host apart, across processes (flock(2), which a process that dies gives back).</summary>
internal static class HostLock
{
    private const string Path = "run/vfiosharp/lock";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits for the lock; disposing the result gives it back.</summary>
    /// <exception cref="IOException">Somebody had it for all that time, or its file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">Its file may not be made.</exception>
    public static IDisposable Take(string root, TimeSpan patience)
    {
        string path = System.IO.Path.Combine(root, Path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException problem) when (LinuxBindingHost.ErrnoOf(problem) == Errno.EAGAIN)
            {
                if (Stopwatch.GetElapsedTime(start) > patience)
                {
                    throw new IOException($"another bind or unbind holds /{Path}: wait until it ends, or find it with: fuser -v /{Path}", problem);
                }

                Thread.Sleep(Pause);
            }
        }
    }
}
