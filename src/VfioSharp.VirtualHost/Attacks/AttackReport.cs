using System.Collections.Immutable;

namespace VfioSharp.VirtualHost.Attacks;

/// <summary>What became of an attack by every function of a host on the interrupts of all others.</summary>
/// <param name="Functions">What each function reached.</param>
public sealed record AttackReport(ImmutableArray<FunctionAttack> Functions)
{
    /// <summary>How many messages were tried.</summary>
    public long Attempts => Functions.Sum(function => function.Attempts);

    /// <summary>How many of them were blocked, each counted by the unit as a fault.</summary>
    public long Blocked => Functions.Sum(function => function.Blocked);

    /// <summary>How many raised an interrupt of another group.</summary>
    public long Breaches => Functions.Sum(function => function.Breaches);
}
