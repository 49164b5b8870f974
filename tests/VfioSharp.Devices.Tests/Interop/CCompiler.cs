using System.Diagnostics;
using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Tests.Interop;

/// <summary>A C compiler for some architecture, with that architecture's headers.</summary>
internal sealed class CCompiler
{
    private const string BasicSource = "#include <errno.h>\n#include <linux/openat2.h>\n";
    private const string NewSource =
        "#include <linux/iommufd.h>\n#include <linux/vfio.h>\n#ifndef VFIO_DEVICE_BIND_IOMMUFD\n#error old\n#endif\n";

    private readonly string program;
    private readonly string[] options;

    private CCompiler(string program, string[] options) => (this.program, this.options) = (program, options);

    /// <summary>Whether its headers know VFIO's descriptors of devices and iommufd.</summary>
    public bool HasNewHeaders => Check(NewSource).Length == 0;

    /// <summary>
    /// Finds the system's own compiler, or a cross compiler, with the headers that <c>build/fetch-headers</c> fetched in front of its own if
    /// they are there; null where there is none.
    /// </summary>
    public static CCompiler? Find(Architecture architecture) => Candidates(architecture)
        .Where(program => OnPath(program))
        .SelectMany(program => new[] { FetchedHeaders(architecture), [] }.Select(options => new CCompiler(program, options)))
        .FirstOrDefault(compiler => compiler.Check(BasicSource).Length == 0);

    /// <summary>What the compiler says against a source; empty where it compiles.</summary>
    public string Check(string source)
    {
        var start = new ProcessStartInfo(program, [.. options, "-x", "c", "-std=gnu11", "-fsyntax-only", "-"])
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

        return [$"{Triplet(architecture)}-gcc"];
    }

    private static string Triplet(Architecture architecture) => architecture switch
    {
        Architecture.X64 => "x86_64-linux-gnu",
        Architecture.Arm64 => "aarch64-linux-gnu",
        Architecture.Ppc64le => "powerpc64le-linux-gnu",
        Architecture.S390x => "s390x-linux-gnu",
        Architecture.RiscV64 => "riscv64-linux-gnu",
        _ => throw new ArgumentOutOfRangeException(nameof(architecture)),
    };

    // One package has every architecture's asm/ under its triplet, and the rest once.
    private static string[] FetchedHeaders(Architecture architecture)
    {
        string? root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "VfioSharp.slnx")))
        {
            root = Path.GetDirectoryName(root);
        }

        string folder = Path.Combine(root ?? "/", ".build", "headers", "usr", "include");
        return File.Exists(Path.Combine(folder, "linux", "vfio.h"))
            ? ["-isystem", Path.Combine(folder, Triplet(architecture)), "-isystem", folder]
            : [];
    }

    private static bool OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Any(folder => File.Exists(Path.Combine(folder, program)));
}
