using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Lab.Tests.Results;

namespace VfioSharp.Lab.Tests.Booting;

/// <summary>What became of a scenario.</summary>
/// <param name="Machine">Where it ran.</param>
/// <param name="Scenario">Its name.</param>
/// <param name="Results">What it reported, in order.</param>
/// <param name="StrangeLines">What came over the results channel beside that.</param>
/// <param name="HasEnded">Whether it came to its end.</param>
/// <param name="ExitStatus">QEMU's; null if it was ended at its time limit.</param>
/// <param name="EmulatorText">What QEMU itself said: its device models complain here.</param>
/// <param name="ConsolePath">The file that holds the console.</param>
/// <param name="Duration">From start to power off.</param>
internal sealed record GuestRun(
    Machine Machine,
    string Scenario,
    IReadOnlyList<GuestResult> Results,
    IReadOnlyList<string> StrangeLines,
    bool HasEnded,
    int? ExitStatus,
    string EmulatorText,
    string ConsolePath,
    TimeSpan Duration)
{
    private const int ConsoleTail = 40;

    /// <summary>The results of a name.</summary>
    public IReadOnlyList<GuestResult> All(string check) => [.. Results.Where(result => result.Check == check)];

    /// <summary>The only result of a name.</summary>
    public GuestResult One(string check)
    {
        IReadOnlyList<GuestResult> all = All(check);
        all.Count.ShouldBe(1, Describe());
        return all[0];
    }

    /// <summary>The scenario came to its end, nothing it checked failed, and the machine powered off by itself.</summary>
    public GuestRun ShouldHaveSucceeded()
    {
        (HasEnded && ExitStatus == 0 && StrangeLines.Count == 0 && Results.All(result => result.Outcome != GuestOutcome.Failed)).ShouldBeTrue(Describe());
        return this;
    }

    /// <summary>Everything that helps when something has gone wrong.</summary>
    public string Describe() => string.Join('\n',
    [
        $"{Scenario} on {Machine}: {(HasEnded ? "came to its end" : "broke off")}, exit status {ExitStatus?.ToString() ?? "none"}, {Duration.TotalSeconds:0.0} s",
        .. Results.Where(result => result.Outcome == GuestOutcome.Failed).Select(result => result.ToString()),
        .. StrangeLines.Select(line => $"strange line: {line}"),
        $"QEMU: {EmulatorText}",
        $"the console's end ({ConsolePath}):",
        .. File.Exists(ConsolePath) ? File.ReadLines(ConsolePath).TakeLast(ConsoleTail) : [],
    ]);
}
