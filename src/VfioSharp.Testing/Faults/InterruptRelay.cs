using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Testing.Faults;

/// <summary>
/// Stands between a backend's signals and the driver's vectors: the backend signals eventfds of its own, and what is heard of them passes the dice. Signals
/// that come while one has not been heard yet are one.
/// </summary>
/// <param name="function">Whose they are.</param>
/// <param name="dice">What decides about each.</param>
internal sealed class InterruptRelay(FaultyFunction function, FaultDice dice)
{
    private readonly Lock gate = new();
    private readonly Dictionary<int, Line> lines = [];
    private readonly DelayLine delays = new();

    /// <summary>Takes the driver's eventfds; the backend is to be given those returned.</summary>
    /// <exception cref="PciException">The process has no descriptors left.</exception>
    public EventFd?[] Take(int start, ReadOnlySpan<EventFd?> triggers)
    {
        var taken = new EventFd?[triggers.Length];
        lock (gate)
        {
            for (int i = 0; i < triggers.Length; i++)
            {
                if (triggers[i] is { } trigger)
                {
                    Line line = lines.TryGetValue(start + i, out Line? known) ? known : lines[start + i] = Open(start + i);
                    line.Target = trigger;
                    taken[i] = line.Source;
                }
            }
        }

        return taken;
    }

    /// <summary>Ends all, once the backend signals no more.</summary>
    public void Clear()
    {
        lock (gate)
        {
            foreach (Line line in lines.Values)
            {
                function.Shape.Events.Remove(line.Source);
                line.Source.Dispose();
            }

            lines.Clear();
        }
    }

    private Line Open(int vector)
    {
        EventFd source = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out Errno error)
            ?? throw new PciException("enable interrupts", $"no eventfd is to be had ({error}): see ulimit -n", function.Address, (int)error);
        var line = new Line(this, vector, source);
        function.Shape.Events.Add(source, line);
        return line;
    }

    private void OnSignalled(int vector)
    {
        Fault? fault = dice.Throw(new FaultEvent(FaultTarget.Interrupt, 0, 0, Vector: vector));
        switch (fault?.Action)
        {
            case FaultAction.Drop:
                break;
            case FaultAction.Delay:
                delays.Hold(fault.Value.Rule.After, () => Signal(vector));
                break;
            case FaultAction.Duplicate:
                Signal(vector);
                delays.Hold(fault.Value.Rule.After, () => Signal(vector));
                break;
            case FaultAction.Corrupt:
                int count;
                lock (gate)
                {
                    count = lines.Count;
                }

                Signal(fault.Value.OtherVector(vector, count));
                break;
            case FaultAction.Remove:
                function.Remove();
                break;
            default:
                Signal(vector);
                break;
        }

        delays.Pass();
    }

    private void Signal(int vector)
    {
        EventFd? target;
        lock (gate)
        {
            target = lines.TryGetValue(vector, out Line? line) ? line.Target : null;
        }

        try
        {
            target?.Signal();
        }
        catch (ObjectDisposedException)
        {
            // The driver has let go of its vector meanwhile.
        }
    }

    private sealed class Line(InterruptRelay relay, int vector, EventFd source) : IEventSink
    {
        public EventFd Source => source;

        public EventFd? Target { get; set; }

        public void OnSignalled() => relay.OnSignalled(vector);
    }
}
