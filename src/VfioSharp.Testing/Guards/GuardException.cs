using System.Collections.Immutable;

namespace VfioSharp.Testing.Guards;

/// <summary>The driver, or its function, wrote beyond a buffer.</summary>
public sealed class GuardException : Exception
{
    internal GuardException(string name, ImmutableArray<GuardViolation> violations)
        : base($"{name}: {violations.Length} buffers for DMA were written beyond their ends; {string.Join("; ", violations.Take(5))}") => Violations = violations;

    /// <summary>Which buffers, and where.</summary>
    public ImmutableArray<GuardViolation> Violations { get; }
}
