using System.Diagnostics;

namespace VfioSharp.Lab.Guest.Scenarios.Serving;

/// <summary>
/// <c>served</c>: signals <c>ready</c>, and does what the host says, a line at a time, until that is <c>end</c>; signals <c>done</c> after each. The host has
/// the other side of the functions in its hands: it looks at that in between.
/// </summary>
internal sealed class ServedScenario : IScenario
{
    // A driver of the kernel's that waits without a limit cannot be ended: the machine has to be.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public async Task RunAsync(GuestReport report, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        await using var functions = new OpenFunctions();
        report.Signal("ready");
        while (await report.WaitForHostAsync(stop) is var line && line != "end")
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(Patience);
            try
            {
                await Task.Run(() => ServedStep.RunAsync(line.Split(' '), functions, report, limit.Token), limit.Token).WaitAsync(limit.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                report.Fail(line, $"it took more than {Patience.TotalSeconds} s");
                report.End();
                Process.Start("/bin/poweroff", "-f").Dispose();
                await Task.Delay(Timeout.Infinite, stop);
            }

            report.Signal("done");
        }
    }
}
