using System.Threading.Tasks.Sources;

namespace VfioSharp.Devices.Interrupts;

/// <summary>Remembers that something was signalled and wakes its one waiter, without allocating and without locks.</summary>
/// <remarks>
/// One word holds the state, so that a signal, a cancellation and the end decide between them by one exchange who completes a wait. The source of the
/// wait is busy from then until its result is taken; only then can there be another wait.
/// </remarks>
/// <param name="name">What exceptions call it.</param>
internal sealed class InterruptSignal(string name) : IValueTaskSource, IEventSink
{
    private const int Signalled = 1;
    private const int Waiting = 2;
    private const int Completed = 4;
    private const int Ended = 8;

    private ManualResetValueTaskSourceCore<bool> core;
    private CancellationTokenRegistration cancellation;
    private DeviceLostException? loss;
    private int state;

    /// <summary>Whether continuations of a signalled wait run where <see cref="OnSignalled"/> is called. Those of a wait that fails never do.</summary>
    public bool ContinueInline { get; set; }

    /// <inheritdoc cref="InterruptVector.WaitAsync"/>
    public ValueTask WaitAsync(CancellationToken stop)
    {
        while (true)
        {
            int seen = Volatile.Read(ref state);
            if ((seen & (Waiting | Completed)) != 0)
            {
                throw new InvalidOperationException($"{name} is waited for already: one wait at a time");
            }

            if ((seen & Ended) != 0)
            {
                return ValueTask.FromException(EndError());
            }

            if (stop.IsCancellationRequested)
            {
                return ValueTask.FromCanceled(stop);
            }

            bool signalled = (seen & Signalled) != 0;
            if (Interlocked.CompareExchange(ref state, signalled ? seen & ~Signalled : seen | Waiting, seen) != seen)
            {
                continue;
            }

            if (signalled)
            {
                return default;
            }

            // The wait may be over before this line. Nobody can take its result before it is returned, hence the field is this thread's.
            if (stop.CanBeCanceled)
            {
                cancellation = stop.UnsafeRegister(static (signal, token) => ((InterruptSignal)signal!).Cancel(token), this);
            }

            return new ValueTask(this, core.Version);
        }
    }

    /// <inheritdoc cref="InterruptVector.TryTake"/>
    public bool TryTake() => (Interlocked.And(ref state, ~Signalled) & Signalled) != 0;

    /// <inheritdoc/>
    public void OnSignalled()
    {
        while (true)
        {
            int seen = Volatile.Read(ref state);
            bool waiting = (seen & Waiting) != 0;
            if (Interlocked.CompareExchange(ref state, waiting ? seen ^ (Waiting | Completed) : seen | Signalled, seen) == seen)
            {
                if (waiting)
                {
                    core.RunContinuationsAsynchronously = !ContinueInline;
                    core.SetResult(true);
                }

                return;
            }
        }
    }

    /// <summary>Ends the wait, and all later ones. Runs no continuation. What ended it first stays the reason.</summary>
    /// <param name="lost">The function's loss; null where it was disposed.</param>
    public void End(DeviceLostException? lost)
    {
        if ((Volatile.Read(ref state) & Ended) == 0)
        {
            Interlocked.CompareExchange(ref loss, lost, null);
        }

        if (TryComplete(Ended))
        {
            Fail(EndError());
        }
    }

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => core.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        core.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    void IValueTaskSource.GetResult(short token)
    {
        if (core.GetStatus(token) == ValueTaskSourceStatus.Pending)
        {
            throw new InvalidOperationException("the wait is not over: await it");
        }

        try
        {
            core.GetResult(token);
        }
        finally
        {
            // Waits for a cancellation that is just being told, for it must not reach the next wait; it runs no foreign code, so it does not last.
            cancellation.Dispose();
            cancellation = default;
            core.Reset();
            Interlocked.And(ref state, ~Completed);
        }
    }

    private void Cancel(CancellationToken token)
    {
        if (TryComplete(0))
        {
            Fail(new OperationCanceledException(token));
        }
    }

    // Whether there was a wait, which is the caller's to complete now.
    private bool TryComplete(int also)
    {
        while (true)
        {
            int seen = Volatile.Read(ref state);
            bool waiting = (seen & Waiting) != 0;
            if (Interlocked.CompareExchange(ref state, (waiting ? seen ^ (Waiting | Completed) : seen) | also, seen) == seen)
            {
                return waiting;
            }
        }
    }

    // Through the pool always: whoever cancels or ends may hold locks that a continuation wants.
    private void Fail(Exception error)
    {
        core.RunContinuationsAsynchronously = true;
        core.SetException(error);
    }

    // A new one each time, for a thrown exception collects the stacks of all that throw it.
    private Exception EndError() => loss is { } lost
        ? new DeviceLostException(lost.Operation, lost.Message, lost.Address, lost.ErrorNumber)
        : new ObjectDisposedException(name);
}
