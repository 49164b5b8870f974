using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;

namespace VfioSharp.Devices.Joining;

/// <summary>Which eventfd each vector signals. Not synchronized.</summary>
internal sealed class TriggerTable
{
    private readonly EventFd?[][] triggers;

    public TriggerTable(FunctionLayout layout)
    {
        int[] counts = [layout.Pin == InterruptPin.None ? 0 : 1, layout.MsiVectors, layout.MsixPlacement?.Vectors ?? 0, 1, 1];
        triggers = [.. counts.Select(count => new EventFd?[count])];
    }

    public int Count(InterruptKind kind) => triggers[(int)kind].Length;

    public bool Any(InterruptKind kind) => Highest(kind) >= 0;

    /// <summary>The last vector that has one; -1 where none has.</summary>
    public int Highest(InterruptKind kind) => Array.FindLastIndex(triggers[(int)kind], trigger => trigger is not null);

    public void Set(InterruptKind kind, int start, ReadOnlySpan<EventFd?> eventFds) => eventFds.CopyTo(triggers[(int)kind].AsSpan(start));

    public void Clear(InterruptKind kind) => Array.Clear(triggers[(int)kind]);

    /// <summary>Signals a vector's eventfd; false where it has none, or its owner closed it.</summary>
    public bool Signal(InterruptKind kind, int vector)
    {
        try
        {
            if (triggers[(int)kind][vector] is not { } trigger)
            {
                return false;
            }

            trigger.Signal();
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }
}
