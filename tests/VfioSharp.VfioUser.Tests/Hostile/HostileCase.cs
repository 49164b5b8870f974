namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>Something that a hostile client does to a function that is served beside others.</summary>
/// <param name="Name">What.</param>
/// <param name="Warning">What the one line of the log says that it costs; one of several, with bars between them, where it is a matter of time; null where it costs none, for
/// all that happens is that commands are refused.</param>
/// <param name="Run">Does it, and checks what the client sees of it.</param>
internal sealed record HostileCase(string Name, string? Warning, Action<Attack> Run)
{
    /// <summary>How many lines of the log it may cost: more than one where it makes many connections, or one that is refused something and goes on.</summary>
    public int MaxWarnings { get; init; } = Warning is null ? 0 : 1;

    /// <summary>What it may cost besides, once for each of its clients, where the machine gives those too little time; null where time does not matter.</summary>
    public string? MayCost { get; init; }

    /// <summary>Whether it is to be done to functions with a thread of their own too.</summary>
    public bool InEveryMode { get; init; }

    /// <summary>What lines of the log may say.</summary>
    public IEnumerable<string> Costs => [.. Warning?.Split('|') ?? [], .. MayCost is { } cost ? [cost] : Array.Empty<string>()];

    /// <summary>All there are.</summary>
    public static IEnumerable<HostileCase> All =>
    [
        .. FramingCases.All, .. GreetingCases.All, .. TimingCases.All, .. FieldCases.All, .. DescriptorCases.All, .. MemoryCases.All, .. InterruptCases.All,
        .. ReplyCases.All, .. DepartureCases.All, .. ConnectionCases.All, .. HandlerCases.All, .. FloodCases.All,
    ];
}
