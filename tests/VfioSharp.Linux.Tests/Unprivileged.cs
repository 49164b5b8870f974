using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace VfioSharp.Linux.Tests;

/// <summary>Runs a test's step as somebody whom files can be forbidden to, also where the tests run as root.</summary>
internal static partial class Unprivileged
{
    private const uint Nobody = 65534;

    /// <summary>On a thread of its own, which gives up root's rights over files for as long as it lives (setfsuid(2)).</summary>
    public static T Run<T>(Func<T> step)
    {
        T? result = default;
        ExceptionDispatchInfo? problem = null;
        var thread = new Thread(() =>
        {
            try
            {
                _ = SetFileSystemUser(Nobody);
                result = step();
            }
            catch (Exception thrown)
            {
                problem = ExceptionDispatchInfo.Capture(thrown);
            }
        });
        thread.Start();
        thread.Join();
        problem?.Throw();
        return result!;
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetFileSystemUser(uint user);
}
