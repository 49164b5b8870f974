using System.Collections;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;

namespace VfioSharp.Devices.Interrupts;

/// <summary>The vectors of one way of interrupting while it is enabled. Disposing it turns that way off.</summary>
/// <remarks>
/// What is told to the backend is told under <see cref="PciFunction.InterruptGate"/>, the function's own lock, for it may be lost or closed meanwhile.
/// Ending the waits takes no lock and runs nobody's code, so that it can be done under that lock as well as on the event loop.
/// </remarks>
public abstract class InterruptSet : IReadOnlyList<InterruptVector>, IDisposable
{
    private readonly PciFunction function;

    // Replaced as a whole, so that readers see the count and the vectors of one moment.
    private InterruptVector[] vectors = [];
    private DeviceLostException? loss;

    // How many have been enabled at once: the kernel keeps that many until all are disabled.
    private int highest;
    private volatile bool ended;

    internal InterruptSet(PciFunction function, InterruptKind kind, int count)
    {
        this.function = function;
        Kind = kind;
        highest = count;
    }

    /// <summary>How many vectors are enabled.</summary>
    public int Count => Volatile.Read(ref vectors).Length;

    internal InterruptKind Kind { get; }

    /// <summary>The vector of that index.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    public InterruptVector this[int index]
    {
        get
        {
            InterruptVector[] current = Volatile.Read(ref vectors);
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, current.Length);
            return current[index];
        }
    }

    /// <inheritdoc/>
    public IEnumerator<InterruptVector> GetEnumerator() => ((IEnumerable<InterruptVector>)Volatile.Read(ref vectors)).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Turns the interrupts off. Waits end with <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        try
        {
            function.Release(this);
        }
        finally
        {
            Close();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Makes the eventfds, registers them with the function's loop and enables; undoes all of it where that fails.</summary>
    internal void Start()
    {
        InterruptVector[] made = Make(0, highest);
        try
        {
            function.EnableInterruptsCore(Kind, 0, Triggers(made));
        }
        catch
        {
            Drop(made);
            throw;
        }

        Volatile.Write(ref vectors, made);
    }

    /// <summary>Ends all waits as disposed and takes the eventfds off the loop; does not call the backend.</summary>
    internal void End()
    {
        ended = true;
        foreach (InterruptVector vector in vectors)
        {
            vector.Stop();
        }
    }

    /// <summary>Ends all waits, now and later, with this.</summary>
    internal void Fail(DeviceLostException error)
    {
        // Before the vectors are read: those that a resize adds at the same time are ended here or there.
        DeviceLostException first = Interlocked.CompareExchange(ref loss, error, null) ?? error;
        foreach (InterruptVector vector in vectors)
        {
            vector.End(first);
        }
    }

    /// <summary>Closes the eventfds, once the backend does not use them any more.</summary>
    internal void Close()
    {
        foreach (InterruptVector vector in vectors)
        {
            vector.Close();
        }
    }

    internal void SetMask(InterruptVector vector, bool mask)
    {
        if (Kind == InterruptKind.Intx)
        {
            throw new NotSupportedException("the legacy line is masked by firing; to keep it back set the Command register's Interrupt Disable bit");
        }

        lock (function.InterruptGate)
        {
            ThrowIfEnded(mask ? "mask" : "unmask");
            ObjectDisposedException.ThrowIf(vector.Index >= vectors.Length || vectors[vector.Index] != vector, vector);
            if (vector.IsMasked == mask)
            {
                return;
            }

            vector.NoteMask(mask);
            try
            {
                function.EnableInterruptsCore(Kind, vector.Index, [vector.Trigger]);
            }
            catch
            {
                vector.NoteMask(!mask);
                throw;
            }
        }
    }

    /// <summary>Lets the legacy line fire again.</summary>
    private protected void UnmaskLine()
    {
        lock (function.InterruptGate)
        {
            ThrowIfEnded("unmask");
            function.UnmaskIntxCore();
        }
    }

    /// <summary>Adds vectors at the end or removes them from there.</summary>
    private protected void Resize(int count)
    {
        InterruptShape shape = function.Shape.Interrupt(Kind);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, shape.Count);
        lock (function.InterruptGate)
        {
            ThrowIfEnded("resize");
            if (count < vectors.Length)
            {
                Shrink(count);
            }
            else if (count > vectors.Length)
            {
                Grow(count, shape.CanResize);
            }
        }
    }

    private void Shrink(int count)
    {
        InterruptVector[] removed = vectors[count..];
        function.EnableInterruptsCore(Kind, count, new EventFd?[removed.Length]);
        Publish(vectors[..count]);
        Drop(removed);
    }

    private void Grow(int count, bool whileEnabled)
    {
        InterruptVector[] before = vectors;
        InterruptVector[] added = Make(before.Length, count - before.Length);
        try
        {
            if (whileEnabled || count <= highest)
            {
                function.EnableInterruptsCore(Kind, before.Length, Triggers(added));
            }
            else
            {
                EnableAnew(before, [.. before, .. added]);
            }
        }
        catch
        {
            Drop(added);
            throw;
        }

        highest = Math.Max(highest, count);
        Publish([.. before, .. added]);
    }

    private void EnableAnew(InterruptVector[] before, InterruptVector[] after)
    {
        function.DisableInterruptsCore(Kind);
        try
        {
            function.EnableInterruptsCore(Kind, 0, Triggers(after));
        }
        catch (PciException)
        {
            try
            {
                function.EnableInterruptsCore(Kind, 0, Triggers(before));
            }
            catch
            {
                // Nothing interrupts any more: a wait that ends is better than one that lasts for ever.
                End();
                throw;
            }

            throw;
        }
    }

    private void Publish(InterruptVector[] after)
    {
        Interlocked.Exchange(ref vectors, after);
        if (Volatile.Read(ref loss) is { } lost)
        {
            Fail(lost);
        }
    }

    private InterruptVector[] Make(int start, int count)
    {
        var made = new InterruptVector[count];
        for (int i = 0; i < count; i++)
        {
            try
            {
                made[i] = new InterruptVector(this, start + i, function.Shape.Events);
            }
            catch
            {
                Drop(made.AsSpan(0, i));
                throw;
            }
        }

        return made;
    }

    private static EventFd?[] Triggers(InterruptVector[] vectors) => Array.ConvertAll(vectors, vector => vector.Trigger);

    private static void Drop(ReadOnlySpan<InterruptVector> vectors)
    {
        foreach (InterruptVector vector in vectors)
        {
            vector.Stop();
            vector.Close();
        }
    }

    private void ThrowIfEnded(string operation)
    {
        ObjectDisposedException.ThrowIf(ended, this);
        function.ThrowIfGone(operation);
    }
}
