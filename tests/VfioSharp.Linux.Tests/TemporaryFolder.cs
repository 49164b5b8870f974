using System.Diagnostics;

namespace VfioSharp.Linux.Tests;

/// <summary>A folder that goes with the test, and the odd files that .NET has no call for.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("vfiosharp-");

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
