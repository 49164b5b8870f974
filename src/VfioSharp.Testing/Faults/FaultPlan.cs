using System.Collections.Immutable;

namespace VfioSharp.Testing.Faults;

/// <summary>
/// What is to go wrong, and the seed that the dice start from. Whether the <i>n</i>-th event that a rule matches goes wrong depends on the seed, the rule's
/// place and <i>n</i> alone: not on time, nor on what other rules or threads do.
/// </summary>
/// <param name="Seed">Any number. Print it, or the whole plan, when a test fails.</param>
/// <param name="Rules">The first that matches an event and whose dice say so decides about it.</param>
public sealed record FaultPlan(ulong Seed, ImmutableArray<FaultRule> Rules)
{
    /// <summary>A plan in which nothing goes wrong.</summary>
    public static FaultPlan None { get; } = new(0, []);

    /// <summary>Reads a plan as <see cref="ToString"/> writes it: <c>seed=7; interrupt drop 1/20; write-memory corrupt 1/50 length=4 byte=0 mask=0x1</c>.</summary>
    /// <param name="text">The seed, then rules, with semicolons or line ends between them.</param>
    /// <exception cref="FormatException">It is no plan; the message quotes what is wrong.</exception>
    public static FaultPlan Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split([';', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        const string Label = "seed=";
        if (parts.Length == 0 || !parts[0].StartsWith(Label, StringComparison.Ordinal))
        {
            throw new FormatException("a plan starts with its seed: seed=7; interrupt drop 1/20");
        }

        try
        {
            return new FaultPlan(FaultText.Number(parts[0][Label.Length..]), [.. parts[1..].Select(FaultText.Read)]);
        }
        catch (ArgumentException exception)
        {
            throw new FormatException(exception.Message, exception);
        }
    }

    /// <inheritdoc/>
    public bool Equals(FaultPlan? other) => other is not null && Seed == other.Seed && Rules.SequenceEqual(other.Rules);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Seed, Rules.Length);

    /// <summary>The plan as one line, from which <see cref="Parse"/> makes it again.</summary>
    public override string ToString() => string.Join("; ", Rules.Select(rule => rule.ToString()).Prepend($"seed={Seed}"));

    internal bool Concerns(FaultTarget target) => Rules.Any(rule => rule.Target == target);
}
