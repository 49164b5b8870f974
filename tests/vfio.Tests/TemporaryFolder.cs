using System.Diagnostics;

namespace VfioSharp.Cli.Tests;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateDirectory(
        System.IO.Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath(), $"vfiosharp-{Guid.NewGuid():N}"));

    public string Path => folder.FullName;

    public string this[string path] => System.IO.Path.Combine(Path, path);

    public string File(string path, string content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[path])!);
        System.IO.File.WriteAllText(this[path], content);
        return this[path];
    }

    public string Fifo(string path)
    {
        using Process process = Process.Start("mkfifo", [this[path]]);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0);
        return this[path];
    }

    public void Dispose() => folder.Delete(recursive: true);
}
