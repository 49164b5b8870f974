namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>Tries the channel itself: signals <c>ready</c> and observes the line that the host sends then.</summary>
internal sealed class EchoScenario : IScenario
{
    public async Task RunAsync(GuestReport report, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        report.Observe("arguments", ("words", arguments));
        report.Signal("ready");
        report.Observe("reply", ("line", await report.WaitForHostAsync(stop)));
    }
}
