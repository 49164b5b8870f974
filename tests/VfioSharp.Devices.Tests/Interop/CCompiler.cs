using System.Diagnostics;
using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Tests.Interop;

/// <summary>A C compiler for some architecture, with that architecture's headers.</summary>
internal sealed class CCompiler
{
    private readonly string program;

    private CCompiler(string program) => this.program = program;

    /// <summary>Finds the system's own compiler, or a cross compiler; null where there is none.</summary>
    public static CCompiler? Find(Architecture architecture) => Candidates(architecture)
        .Where(program => OnPath(program))
        .Select(program => new CCompiler(program))
        .FirstOrDefault(compiler => compiler.Check("#include <errno.h>\n#include <linux/openat2.h>\n").Length == 0);

    /// <summary>What the compiler says against a source; empty where it compiles.</summary>
    public string Check(string source)
    {
        var start = new ProcessStartInfo(program, ["-x", "c", "-std=gnu11", "-fsyntax-only", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(source);
        process.StandardInput.Close();
        process.WaitForExit();
        string said = errors.Result + output.Result;
        return process.ExitCode == 0 ? "" : $"{program} exited with {process.ExitCode}:\n{said}";
    }

    private static IEnumerable<string> Candidates(Architecture architecture)
    {
        if (architecture == RuntimeInformation.ProcessArchitecture)
        {
            return ["cc", "gcc", "clang"];
        }

        string? name = architecture switch
        {
            Architecture.X64 => "x86_64",
            Architecture.Arm64 => "aarch64",
            Architecture.Ppc64le => "powerpc64le",
            Architecture.S390x => "s390x",
            Architecture.RiscV64 => "riscv64",
            _ => null,
        };
        return name is null ? [] : [$"{name}-linux-gnu-gcc"];
    }

    private static bool OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Any(folder => File.Exists(Path.Combine(folder, program)));
}
