namespace VfioSharp.Lab.Guest;

/// <summary>Something that is done inside a guest, and reports what it saw.</summary>
internal interface IScenario
{
    /// <summary>Runs it. What it throws becomes a failed check; the guest powers off afterwards either way.</summary>
    /// <param name="report">Where results go.</param>
    /// <param name="arguments">The words that followed the scenario's name.</param>
    /// <param name="stop">Set when the host gives up.</param>
    Task RunAsync(GuestReport report, IReadOnlyList<string> arguments, CancellationToken stop);
}
