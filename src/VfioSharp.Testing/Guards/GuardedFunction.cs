using System.Collections.Immutable;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Testing.Guards;

/// <summary>
/// An open function whose buffers stand alone: what the function writes beyond one is refused, for no address before or behind it leads anywhere; what is
/// written to the rest of its last page is found out when it is disposed; and a plain access before its first or behind its last page ends the process at
/// the very instruction. A buffer whose length is a multiple of the page ends at such a page.
/// </summary>
/// <remarks>Memory of the caller's (<see cref="DmaSpace.Map"/>, <see cref="DmaSpace.Pin"/>) has addresses that lead nowhere before and behind it, no more.</remarks>
public sealed class GuardedFunction : FunctionDecorator
{
    private readonly Ledger ledger;

    private GuardedFunction(PciFunction inner, Ledger ledger)
        : base(inner, inner.Shape with { Dma = inner.Shape.Dma with { Guard = ledger } })
    {
        this.ledger = ledger;
        Follow();
    }

    /// <summary>What was found so far: of buffers that have been disposed, or taken away by disposing the function.</summary>
    public ImmutableArray<GuardViolation> Violations => ledger.Read();

    /// <summary>Gives guards to the buffers of a function.</summary>
    /// <param name="function">Just opened; taken over.</param>
    public static GuardedFunction Wrap(PciFunction function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return new GuardedFunction(function, new Ledger());
    }

    /// <summary>Fails where something was found; to be called when the function, and with it its buffers, has been disposed.</summary>
    /// <exception cref="GuardException">A buffer was written beyond its end.</exception>
    public void Check()
    {
        if (Violations is { IsEmpty: false } violations)
        {
            throw new GuardException(Name, violations);
        }
    }

    private sealed class Ledger : IDmaGuard
    {
        private readonly Lock gate = new();
        private ImmutableArray<GuardViolation> violations = [];

        public ImmutableArray<GuardViolation> Read()
        {
            lock (gate)
            {
                return violations;
            }
        }

        public void OnOverrun(Iova iova, long length, long at)
        {
            lock (gate)
            {
                violations = violations.Add(new GuardViolation(iova, length, at));
            }
        }
    }
}
