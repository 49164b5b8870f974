using System.Diagnostics;

namespace VfioSharp.Lab.Tests.Booting;

/// <summary>A QEMU process. It ends with its owner, whether that disposes of it, is killed, or crashes (<c>lab/tied</c>).</summary>
internal sealed class Emulator : IAsyncDisposable
{
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(10);

    private readonly Process process;
    private readonly Task<string> output;
    private readonly Task<string> errors;

    private Emulator(Process process)
    {
        this.process = process;
        output = process.StandardOutput.ReadToEndAsync();
        errors = process.StandardError.ReadToEndAsync();
        Ended = process.WaitForExitAsync();
    }

    /// <summary>Done when the process has ended.</summary>
    public Task Ended { get; }

    /// <param name="command">The program and its arguments.</param>
    /// <param name="folder">Where it works; null for where this process does.</param>
    public static Emulator Start(IEnumerable<string> command, string? folder) => new(Process.Start(
        new ProcessStartInfo(Path.Combine(Checkout.Root, "lab", "tied"), command)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);

    /// <summary>Kills it (SIGKILL).</summary>
    public void Kill() => process.StandardInput.Close();

    /// <summary>Waits for the end and gives the exit status and what QEMU said.</summary>
    public async Task<(int Status, string Text)> WaitAsync(CancellationToken stop)
    {
        await Ended.WaitAsync(stop);
        return (process.ExitCode, (await errors + await output).Trim());
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            Kill();
            try
            {
                await Ended.WaitAsync(EndTime);
            }
            catch (TimeoutException)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        process.Dispose();
    }
}
