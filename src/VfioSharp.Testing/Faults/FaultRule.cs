using VfioSharp.Devices.Dma;

namespace VfioSharp.Testing.Faults;

/// <summary>Which events go wrong, how often, and how.</summary>
/// <param name="Target">What kind of event.</param>
/// <param name="Action">What becomes of it.</param>
public sealed record FaultRule(FaultTarget Target, FaultAction Action)
{
    /// <summary>One in how many of the events that match goes wrong, as the dice fall; 1 for each.</summary>
    public int OneIn { get; init; } = 1;

    /// <summary>How many matching events are spared at first.</summary>
    public int Skip { get; init; }

    /// <summary>How often it goes wrong at most; null for no end.</summary>
    public int? Limit { get; init; }

    /// <summary>Only registers of this BAR, 0 to 5; null for all.</summary>
    public int? Bar { get; init; }

    /// <summary>Only events that touch a byte from here on: an offset in a BAR, or an address of the function's memory.</summary>
    public ulong First { get; init; }

    /// <summary>Only events that touch a byte up to here, this one included.</summary>
    public ulong Last { get; init; } = ulong.MaxValue;

    /// <summary>Only events of exactly so many bytes; null for any.</summary>
    public int? Length { get; init; }

    /// <summary>Only this vector; null for all.</summary>
    public int? Vector { get; init; }

    /// <summary>For <see cref="FaultAction.Delay"/> and <see cref="FaultAction.Duplicate"/>: how many events of its kind pass first. A delay takes at least 1.</summary>
    public int After { get; init; }

    /// <summary>For <see cref="FaultAction.Corrupt"/>: the first byte to change, counted from the event's first; null leaves it to the dice.</summary>
    public int? Byte { get; init; }

    /// <summary>For <see cref="FaultAction.Corrupt"/>: which bits from that byte on to flip, little-endian; null for one, as the dice fall.</summary>
    public ulong? Mask { get; init; }

    /// <summary>For <see cref="FaultAction.Duplicate"/> of a write to memory: how many bytes further on the second write goes.</summary>
    public ulong Shift { get; init; }

    /// <summary>The rule as <see cref="FaultPlan.Parse"/> reads it.</summary>
    public override string ToString() => FaultText.Write(this);

    internal bool Matches(in FaultEvent what)
    {
        if (what.Target != Target || (Bar ?? what.Bar) != what.Bar || (Vector ?? what.Vector) != what.Vector || (Length ?? what.Length) != what.Length)
        {
            return false;
        }

        return what.Length == 0 || Overlaps(what.Address, (ulong)what.Length);
    }

    internal bool Overlaps(ulong address, ulong length) => address <= Last && length > 0 && address + (length - 1) >= First;

    /// <summary>Whether it can come to it within a range that the function uses in place.</summary>
    internal bool Concerns(ulong address, int length, DmaAccess access) =>
        ((Target == FaultTarget.MemoryRead && (access & DmaAccess.Read) != 0) || (Target == FaultTarget.MemoryWrite && (access & DmaAccess.Write) != 0))
        && Overlaps(address, (ulong)length);

    /// <exception cref="ArgumentException">The rule cannot be followed; the message says why.</exception>
    internal void Check()
    {
        bool makesSense = (Target, Action) switch
        {
            (FaultTarget.RegisterRead, FaultAction.Delay or FaultAction.Refuse) => false,
            (FaultTarget.RegisterWrite or FaultTarget.Interrupt, FaultAction.Refuse) => false,
            (FaultTarget.MemoryRead, FaultAction.Drop or FaultAction.Delay or FaultAction.Duplicate) => false,
            (FaultTarget.Mapping, not (FaultAction.Refuse or FaultAction.Remove)) => false,
            _ => Enum.IsDefined(Target) && Enum.IsDefined(Action),
        };
        Demand(makesSense, $"{FaultText.Name(Target)} cannot be subject to {FaultText.Name(Action)}");
        Demand(OneIn >= 1, "one in so many takes at least 1");
        Demand(Skip >= 0 && Limit is null or >= 0 && After >= 0, "counts are not negative");
        Demand(Action != FaultAction.Delay || After >= 1, "a delay takes at least one event (after=1)");
        Demand(First <= Last, "its addresses end before they begin");
        Demand(Bar is null or (>= 0 and <= 5), "BARs are 0 to 5");
        Demand(Byte is null or >= 0, "bytes are counted from 0");
    }

    private void Demand(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ArgumentException($"the rule '{this}': {otherwise}");
        }
    }
}
