namespace VfioSharp.Lab.Guest;

/// <summary><c>guest SCENARIO [ARGUMENT…]</c>: runs a scenario and reports to the file that <c>LAB_CHANNEL</c> names, else to standard output.</summary>
internal static class GuestProgram
{
    /// <summary>The environment variable that names the channel; a child that reports to its parent has none.</summary>
    public const string ChannelVariable = "LAB_CHANNEL";

    public static async Task<int> RunAsync(string[] arguments)
    {
        string? channel = Environment.GetEnvironmentVariable(ChannelVariable);
        using Stream output = channel is null ? Console.OpenStandardOutput() : new FileStream(channel, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        using Stream input = channel is null ? Console.OpenStandardInput() : new FileStream(channel, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        using var report = new GuestReport(output, input);

        // A thread without a catch would end the process without a word on the channel.
        AppDomain.CurrentDomain.UnhandledException += (_, unhandled) => report.Fail("unhandled exception", unhandled.ExceptionObject.ToString()!);

        string name = arguments.FirstOrDefault() ?? "";
        if (ScenarioRegistry.Find(name) is { } scenario)
        {
            await report.CheckAsync($"scenario {name}", () => scenario.RunAsync(report, arguments[1..], CancellationToken.None));
        }
        else
        {
            report.Fail("scenario", $"there is no scenario '{name}'; there are: {string.Join(", ", ScenarioRegistry.Names)}");
        }

        report.End();
        return report.HasFailed ? 1 : 0;
    }
}
