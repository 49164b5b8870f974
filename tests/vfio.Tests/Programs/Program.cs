using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace VfioSharp.Cli.Tests.Programs;

/// <summary>The program as a process of its own: for what its arguments alone do not show.</summary>
internal static class Program
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>The .NET host that runs these tests.</summary>
    public static string Dotnet { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));

    /// <summary>The program, beside these tests.</summary>
    public static string Vfio { get; } = Path.Combine(AppContext.BaseDirectory, "vfio.dll");

    /// <summary>The command line that runs the program with these arguments.</summary>
    public static string[] Line(params string[] arguments) => [Dotnet, Vfio, .. arguments];

    /// <summary>Starts a command line. Signals do what they do by default: whoever runs the tests may ignore some, as nohup(1) does, and so would the program.</summary>
    public static Process Start(string[] line, Action<ProcessStartInfo>? change = null)
    {
        var start = new ProcessStartInfo("/usr/bin/env", ["--default-signal", .. line])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = new UTF8Encoding(false, throwOnInvalidBytes: true),
            Environment = { ["NO_COLOR"] = null, ["LC_ALL"] = null, ["LANG"] = "C.UTF-8" },
        };
        change?.Invoke(start);
        return Process.Start(start)!;
    }

    /// <summary>Runs a command line to its end.</summary>
    public static Task<CliRun> RunAsync(string[] line, Action<ProcessStartInfo>? change = null) => EndAsync(Start(line, change));

    /// <summary>Waits for the end of a process, and kills it when it does not come.</summary>
    public static async Task<CliRun> EndAsync(Process process)
    {
        using (process)
        {
            using var patience = new CancellationTokenSource(Patience);
            try
            {
                Task<string> output = process.StandardOutput.ReadToEndAsync(patience.Token);
                Task<string> error = process.StandardError.ReadToEndAsync(patience.Token);
                await process.WaitForExitAsync(patience.Token);
                return new CliRun(process.ExitCode, await output, await error);
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }
    }
}
