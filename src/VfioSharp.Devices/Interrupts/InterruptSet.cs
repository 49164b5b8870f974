using System.Collections;
using VfioSharp.Devices.Seam;

namespace VfioSharp.Devices.Interrupts;

/// <summary>The vectors of one way of interrupting while it is enabled. Disposing it turns that way off.</summary>
public abstract class InterruptSet : IReadOnlyList<InterruptVector>, IDisposable
{
    private readonly PciFunction function;

    internal InterruptSet(PciFunction function, InterruptKind kind, int count)
    {
        this.function = function;
        Kind = kind;
        Count = count;
    }

    /// <summary>How many vectors are enabled.</summary>
    public int Count { get; private set; }

    internal InterruptKind Kind { get; }

    /// <summary>The vector of that index.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    public InterruptVector this[int index] => throw new NotImplementedException();

    /// <inheritdoc/>
    public IEnumerator<InterruptVector> GetEnumerator() => throw new NotImplementedException();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Turns the interrupts off. Waits end with <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        End();
        function.Release(this);
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes the eventfds, registers them with the function's loop and enables; undoes all of it where that fails.</summary>
    internal void Start() => throw new NotImplementedException();

    /// <summary>Ends all waits as disposed and takes the eventfds off the loop; does not call the backend.</summary>
    internal void End() => throw new NotImplementedException();

    /// <summary>Ends all waits, now and later, with this.</summary>
    internal void Fail(DeviceLostException error) => throw new NotImplementedException();
}
