namespace VfioSharp.VirtualHost.Attacks;

/// <summary>How far an attack goes.</summary>
public sealed record AttackOptions
{
    /// <summary>How many of others' interrupts each function tries to raise in every form that the platform knows: those of as many groups as possible.</summary>
    public int VictimsAFunction { get; init; } = 64;

    /// <summary>How many messages beyond those each function makes up: others' messages with bits changed.</summary>
    public int GuessesAFunction { get; init; } = 256;

    /// <summary>Where guessing begins: the same number makes the same guesses.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>How many breaches are kept to be shown, of each function; all are counted.</summary>
    public int BreachesKept { get; init; } = 4;
}
