using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;

namespace VfioSharp.Testing.Faults;

/// <summary>
/// Faults around an emulated function, which does not know: its handlers, its interrupts and its accesses to memory are met by a plan, whoever its client
/// is. It also counts what the function does to memory that nobody has shown to it.
/// </summary>
/// <remarks>What is memory of a BAR is out of its reach, as is the legacy line; faults of both belong on the driver's side (<see cref="FaultyFunction"/>).</remarks>
public sealed class FunctionFaults : IFunctionTap, IDisposable
{
    private const int MaxStrays = 100;

    private readonly FunctionCore core;
    private readonly FaultDice dice;
    private readonly DelayLine registers = new();
    private readonly DelayLine memories = new();
    private readonly DelayLine interrupts = new();
    private readonly List<string> strays = [];
    private long strayCount;
    private volatile bool isRemoved;

    private FunctionFaults(FunctionCore core, FaultPlan plan)
    {
        this.core = core;
        dice = new FaultDice(plan);
    }

    /// <summary>What went wrong by the plan.</summary>
    public FaultLog Log => dice.Log;

    /// <summary>Whether a rule has removed the function, or <see cref="Remove"/> has.</summary>
    public bool IsRemoved => isRemoved;

    /// <summary>How often the function went for memory that it has not been shown, or not for that. It was refused.</summary>
    public long StrayCount => Volatile.Read(ref strayCount);

    /// <summary>The first of those accesses, a hundred at most, for people.</summary>
    public IReadOnlyList<string> Strays
    {
        get
        {
            lock (strays)
            {
                return [.. strays];
            }
        }
    }

    /// <summary>Puts a plan around a function.</summary>
    /// <param name="model">A function that has no client yet.</param>
    /// <param name="plan">What goes wrong; rules for the driver's side are not heeded here.</param>
    /// <returns>Disposing it ends the faults; what is held back then never happens.</returns>
    /// <exception cref="ArgumentException">A rule cannot be followed.</exception>
    /// <exception cref="InvalidOperationException">The function has a client, or faults already.</exception>
    public static FunctionFaults Inject(EmulatedFunction model, FaultPlan plan)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(plan);
        var faults = new FunctionFaults(model.Core, plan);
        using (model.Core.EnterControl())
        {
            if (model.Core.Interrupts.Host is not null || model.Core.Tap is not null)
            {
                throw new InvalidOperationException($"this {model.GetType().Name} has a client, or faults, already: inject them before it is served or attached");
            }

            model.Core.Tap = faults;
        }

        return faults;
    }

    /// <summary>The function is gone: registers read as all ones, memory is out of its reach, no interrupt comes.</summary>
    public void Remove() => isRemoved = true;

    /// <summary>The function is back, in the state it was in.</summary>
    public void Restore() => isRemoved = false;

    /// <summary>Ends the faults.</summary>
    public void Dispose()
    {
        if (ReferenceEquals(core.Tap, this))
        {
            core.Tap = null;
        }
    }

    /// <inheritdoc/>
    ulong IFunctionTap.Read(int bar, ulong offset, int width, Func<ulong> handler)
    {
        ulong ones = ulong.MaxValue >> (64 - (8 * width));
        Fault? fault = Throw(new FaultEvent(FaultTarget.RegisterRead, offset, width, bar));
        if (isRemoved)
        {
            return ones;
        }

        ulong value = fault?.Action == FaultAction.Drop ? ones : handler();
        value = fault?.Action switch
        {
            FaultAction.Corrupt => fault.Value.Corrupt(value, width),
            FaultAction.Duplicate => handler(),
            _ => value,
        };
        registers.Pass();
        return value;
    }

    /// <inheritdoc/>
    void IFunctionTap.Write(int bar, ulong offset, int width, ulong value, Action<ulong> handler)
    {
        Fault? fault = Throw(new FaultEvent(FaultTarget.RegisterWrite, offset, width, bar));
        if (isRemoved)
        {
            return;
        }

        switch (fault?.Action)
        {
            case FaultAction.Drop:
                break;
            case FaultAction.Delay:
                registers.Hold(fault.Value.Rule.After, () => handler(value));
                break;
            case FaultAction.Duplicate:
                handler(value);
                registers.Hold(fault.Value.Rule.After, () => handler(value));
                break;
            case FaultAction.Corrupt:
                handler(fault.Value.Corrupt(value, width));
                break;
            default:
                handler(value);
                break;
        }

        registers.Pass();
    }

    /// <inheritdoc/>
    void IFunctionTap.Raise(FunctionCore core, int vector)
    {
        Fault? fault = Throw(new FaultEvent(FaultTarget.Interrupt, 0, 0, Vector: vector));
        if (isRemoved)
        {
            return;
        }

        switch (fault?.Action)
        {
            case FaultAction.Drop:
                break;
            case FaultAction.Delay:
                interrupts.Hold(fault.Value.Rule.After, () => core.Send(vector));
                break;
            case FaultAction.Duplicate:
                core.Send(vector);
                interrupts.Hold(fault.Value.Rule.After, () => core.Send(vector));
                break;
            case FaultAction.Corrupt:
                core.Send(fault.Value.OtherVector(vector, core.Layout.MsixPlacement?.Vectors ?? core.Layout.MsiVectors));
                break;
            default:
                core.Send(vector);
                break;
        }

        interrupts.Pass();
    }

    /// <inheritdoc/>
    bool IFunctionTap.TryRead(SystemMemory memory, ulong address, Span<byte> destination)
    {
        var what = new FaultEvent(FaultTarget.MemoryRead, address, destination.Length);
        Fault? fault = Throw(what);
        bool done = !isRemoved && fault?.Action != FaultAction.Refuse && Note(memory, what, memory.Fetch(address, destination));
        if (done && fault?.Action == FaultAction.Corrupt)
        {
            fault.Value.Corrupt(destination);
        }

        memories.Pass();
        return done;
    }

    /// <inheritdoc/>
    bool IFunctionTap.TryWrite(SystemMemory memory, ulong address, ReadOnlySpan<byte> source)
    {
        var what = new FaultEvent(FaultTarget.MemoryWrite, address, source.Length);
        Fault? fault = Throw(what);
        bool done = !isRemoved && fault?.Action != FaultAction.Refuse && Write(memory, what, source, fault);
        memories.Pass();
        return done;
    }

    /// <inheritdoc/>
    bool IFunctionTap.MayLease(ulong address, int length, DmaAccess access) =>
        !isRemoved && !dice.Plan.Rules.Any(rule => rule.Action == FaultAction.Remove || rule.Concerns(address, length, access));

    private bool Write(SystemMemory memory, in FaultEvent what, ReadOnlySpan<byte> source, Fault? fault)
    {
        ulong address = what.Address;
        switch (fault?.Action)
        {
            case FaultAction.Drop:
                return true;
            case FaultAction.Delay:
                byte[] late = source.ToArray();
                memories.Hold(fault.Value.Rule.After, () => memory.Store(address, late));
                return true;
            case FaultAction.Duplicate:
                byte[] again = source.ToArray();
                ulong shifted = unchecked(address + fault.Value.Rule.Shift);
                bool done = Note(memory, what, memory.Store(address, source));
                memories.Hold(fault.Value.Rule.After, () => memory.Store(shifted, again));
                return done;
            case FaultAction.Corrupt:
                byte[] wrong = source.ToArray();
                fault.Value.Corrupt(wrong);
                return Note(memory, what, memory.Store(address, wrong));
            default:
                return Note(memory, what, memory.Store(address, source));
        }
    }

    private Fault? Throw(in FaultEvent what)
    {
        if (isRemoved)
        {
            return null;
        }

        Fault? fault = dice.Throw(what);
        if (fault?.Action == FaultAction.Remove)
        {
            isRemoved = true;
        }

        return fault;
    }

    // Not being allowed at all now, as with bus mastering off, is no mistake of the function's.
    private bool Note(SystemMemory memory, in FaultEvent what, bool done)
    {
        if (!done && memory.IsReachable)
        {
            lock (strays)
            {
                strayCount++;
                if (strays.Count < MaxStrays)
                {
                    strays.Add($"{what}, where no memory is shown for that");
                }
            }
        }

        return done;
    }
}
