using System.Diagnostics;
using System.Runtime.Versioning;
using VfioSharp.Architecture.Tests.Facts;

namespace VfioSharp.Architecture.Tests.Scripts;

/// <summary>
/// The scripts of the root in a tree of their own, with an SDK that builds nothing but writes down what it was asked, and
/// with only those tools on PATH that the scripts may rely on. Its path holds a space.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ScriptCheckout : IDisposable
{
    private static readonly string[] Tools =
    [
        "sh", "bash", "basename", "cat", "chmod", "chown", "cut", "date", "dirname", "find", "flock", "grep", "head", "id", "ln",
        "mkdir", "mv", "readlink", "rm", "sed", "sleep", "sort", "tail", "tr",
    ];

    private readonly string root = Directory.CreateTempSubdirectory("vfio sharp ").FullName;

    public ScriptCheckout()
    {
        foreach (string script in new[] { "vfio", "test", "build/program.sh", "build/sdk.sh", "build/publish-vfio", "global.json", "Directory.Build.props" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At(script))!);
            File.Copy(Path.Combine(Checkout.Root, script), At(script));
        }

        Write("src/vfio/Program.cs", "return 0;");
        Write("src/vfio/vfio.csproj", "<Project />");
        Write("samples/Tally/Tally.cs", "");
        Directory.CreateDirectory(At("home"));
        Directory.CreateDirectory(At("dotnet/sdk"));
        Directory.CreateDirectory(At("tools"));
        foreach (string tool in Tools)
            File.CreateSymbolicLink(At("tools/" + tool), new[] { "/usr/bin/", "/bin/" }.Select(folder => folder + tool).First(File.Exists));
        InstallTool("dotnet", File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Scripts", "dotnet.sh")));
    }

    /// <summary>What the SDK was asked to do since the tree was made, without questions about itself.</summary>
    public IReadOnlyList<string> Builds =>
        File.Exists(At("calls")) ? [.. File.ReadLines(At("calls")).Where(call => !call.StartsWith("--", StringComparison.Ordinal))] : [];

    /// <summary>The path of a file in the tree.</summary>
    public string At(string path) => Path.Combine(root, path);

    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
    }

    public void InstallTool(string name, string script)
    {
        Write("tools/" + name, script);
        File.SetUnixFileMode(At("tools/" + name), (UnixFileMode)0b111_101_101);
    }

    /// <summary>Installs a C toolchain that links everything, or nothing.</summary>
    public void InstallToolchain(bool works = true)
    {
        InstallTool("objcopy", "#!/bin/sh\n");
        InstallTool("gcc", works ? "#!/bin/sh\n" : "#!/bin/sh\nexit 1\n");
    }

    public ScriptRun Run(string script, params string[] arguments) => RunIn(root, [], script, arguments);

    public ScriptRun RunIn(string folder, Dictionary<string, string> environment, string script, params string[] arguments)
    {
        using Process process = Start(folder, environment, script, arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new ScriptRun(process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private Process Start(string folder, Dictionary<string, string> environment, string script, string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(folder, script), arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = At("tools");
        start.Environment["HOME"] = At("home");
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
