using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;

namespace VfioSharp.Testing.Faults;

/// <summary>
/// An open function, whatever is behind it, with faults between it and its driver: registers, interrupts and the mapping of memory are met by a plan.
/// </summary>
/// <remarks>BARs whose registers a rule can meet are not mapped: each access passes here. What the function does with memory passes only on its own side
/// (<see cref="FunctionFaults"/>).</remarks>
public sealed class FaultyFunction : FunctionDecorator
{
    private readonly FaultDice dice;
    private readonly DelayLine registers = new();
    private readonly InterruptRelay? relay;

    private FaultyFunction(PciFunction inner, FaultPlan plan)
        : base(inner, Shaped(inner.Shape, plan))
    {
        dice = new FaultDice(plan);
        relay = plan.Concerns(FaultTarget.Interrupt) ? new InterruptRelay(this, dice) : null;
        Follow();
    }

    /// <summary>What went wrong by the plan.</summary>
    public FaultLog Log => dice.Log;

    /// <summary>Puts a plan between a function and its driver.</summary>
    /// <param name="function">Just opened; taken over.</param>
    /// <param name="plan">What goes wrong; rules for the function's side are not heeded here.</param>
    /// <exception cref="ArgumentException">A rule cannot be followed.</exception>
    public static FaultyFunction Wrap(PciFunction function, FaultPlan plan)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(plan);
        return new FaultyFunction(function, plan);
    }

    /// <summary>The function is gone, as its driver sees it.</summary>
    public void Remove() => Lose();

    /// <inheritdoc/>
    internal override bool ReadRegionCore(int region, ulong offset, Span<byte> data)
    {
        if (region >= RegionIndex.Bars)
        {
            return base.ReadRegionCore(region, offset, data);
        }

        Fault? fault = dice.Throw(new FaultEvent(FaultTarget.RegisterRead, offset, data.Length, region));
        bool answers = fault?.Action is not (FaultAction.Drop or FaultAction.Remove) && base.ReadRegionCore(region, offset, data);
        switch (fault?.Action)
        {
            case FaultAction.Remove:
                Lose();
                break;
            case FaultAction.Duplicate:
                answers = base.ReadRegionCore(region, offset, data);
                break;
            case FaultAction.Corrupt:
                fault.Value.Corrupt(data);
                break;
            default:
                break;
        }

        registers.Pass();
        return answers;
    }

    /// <inheritdoc/>
    internal override bool WriteRegionCore(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        if (region >= RegionIndex.Bars || dice.Throw(new FaultEvent(FaultTarget.RegisterWrite, offset, data.Length, region)) is not { } fault)
        {
            bool answers = base.WriteRegionCore(region, offset, data);
            if (region < RegionIndex.Bars)
            {
                registers.Pass();
            }

            return answers;
        }

        WriteWrongly(region, offset, data.ToArray(), fault);
        registers.Pass();
        return true;
    }

    /// <inheritdoc/>
    internal override void MapDmaCore(in DmaRegion region)
    {
        var what = new FaultEvent(FaultTarget.Mapping, region.Iova.Value, (int)Math.Min(int.MaxValue, region.Length));
        switch (dice.Throw(what)?.Action)
        {
            case FaultAction.Refuse:
                throw new PciException("map memory", $"{Name}: the fault plan refuses to map memory at {region.Iova} (ENOMEM)", Address, (int)Errno.ENOMEM);
            case FaultAction.Remove:
                Lose();
                throw Lost("map memory");
            default:
                base.MapDmaCore(region);
                break;
        }
    }

    /// <inheritdoc/>
    internal override void EnableInterruptsCore(InterruptKind kind, int start, ReadOnlySpan<EventFd?> triggers)
    {
        if (relay is null || kind is not (InterruptKind.Msi or InterruptKind.Msix))
        {
            base.EnableInterruptsCore(kind, start, triggers);
            return;
        }

        base.EnableInterruptsCore(kind, start, relay.Take(start, triggers));
    }

    /// <inheritdoc/>
    internal override void DisableInterruptsCore(InterruptKind kind)
    {
        base.DisableInterruptsCore(kind);
        relay?.Clear();
    }

    /// <inheritdoc/>
    internal override async ValueTask CloseCore()
    {
        await base.CloseCore().ConfigureAwait(false);
        relay?.Clear();
    }

    private static FunctionShape Shaped(FunctionShape shape, FaultPlan plan)
    {
        FaultRule[] rules = [.. plan.Rules.Where(rule => rule.Target is FaultTarget.RegisterRead or FaultTarget.RegisterWrite)];
        return shape with
        {
            Regions = [.. shape.Regions.Select((region, index) =>
                index < RegionIndex.Bars && rules.Any(rule => (rule.Bar ?? index) == index) ? region with { Mappable = [] } : region)],
        };
    }

    private void WriteWrongly(int region, ulong offset, byte[] data, Fault fault)
    {
        switch (fault.Action)
        {
            case FaultAction.Drop:
                break;
            case FaultAction.Delay:
                registers.Hold(fault.Rule.After, () => base.WriteRegionCore(region, offset, data));
                break;
            case FaultAction.Duplicate:
                base.WriteRegionCore(region, offset, data);
                registers.Hold(fault.Rule.After, () => base.WriteRegionCore(region, offset, data));
                break;
            case FaultAction.Corrupt:
                fault.Corrupt(data);
                base.WriteRegionCore(region, offset, data);
                break;
            default:
                Lose();
                break;
        }
    }
}
