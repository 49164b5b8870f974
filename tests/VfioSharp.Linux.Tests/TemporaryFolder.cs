using System.Diagnostics;

namespace VfioSharp.Linux.Tests;

/// <summary>A folder that goes with the test, and the odd files that .NET has no call for.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    // In memory where the system has such a place: a host's thousand files take a second on some disks.
    private readonly DirectoryInfo folder = Directory.CreateDirectory(
        System.IO.Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath(), $"vfiosharp-{Guid.NewGuid():N}"));

    public string Path => folder.FullName;

    public string this[string path] => System.IO.Path.Combine(Path, path);

    public TemporaryFolder File(string path, string content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[path])!);
        System.IO.File.WriteAllText(this[path], content);
        return this;
    }

    public TemporaryFolder Link(string path, string target)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[path])!);
        System.IO.File.CreateSymbolicLink(this[path], target);
        return this;
    }

    public void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, program);
    }

    public void Dispose() => folder.Delete(recursive: true);
}
