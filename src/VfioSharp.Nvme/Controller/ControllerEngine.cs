using VfioSharp.Devices.Emulation;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>
/// What a controller does while it is enabled: takes commands from its queues, carries them out and completes them. One thread at a time.
/// </summary>
internal sealed class ControllerEngine
{
    /// <summary>How many commands are taken from a queue before the next one's turn.</summary>
    private const int Burst = 32;

    private readonly SystemMemory memory;
    private readonly DoorbellBank doorbells;
    private readonly QueueSet queues;
    private readonly InterruptThrottle throttle;
    private readonly AdminCommands admin;
    private readonly IoCommands io;
    private readonly ControllerCounters counters;
    private readonly Action<int> raise;

    /// <param name="options">What it is made of.</param>
    /// <param name="memory">The driver's memory.</param>
    /// <param name="doorbells">Where doorbells are read.</param>
    /// <param name="counters">Counts what is done.</param>
    /// <param name="raise">Sends the message of a vector.</param>
    public ControllerEngine(NvmeControllerOptions options, SystemMemory memory, DoorbellBank doorbells, ControllerCounters counters, Action<int> raise)
    {
        this.memory = memory;
        this.doorbells = doorbells;
        this.counters = counters;
        this.raise = raise;
        queues = new QueueSet(memory, doorbells, options.IoQueues + 1);
        throttle = new InterruptThrottle(ControllerLayout.Vectors(options));
        Namespaces = new ActiveNamespaces(options.Namespaces);
        var state = new ControllerState(options, Namespaces, throttle, counters);
        State = state;
        admin = new AdminCommands(state, queues, doorbells, memory);
        io = new IoCommands(state, memory);
    }

    /// <summary>What the driver sees as namespaces.</summary>
    public ActiveNamespaces Namespaces { get; }

    /// <summary>What a reset brings back to its defaults.</summary>
    public ControllerState State { get; }

    /// <summary>Whether it takes commands.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>Whether it has failed, and only a reset helps.</summary>
    public bool IsFatal { get; private set; }

    /// <summary>Starts with an admin queue; false, and it has failed, where what the registers say cannot be.</summary>
    /// <param name="configuration">CC.</param>
    /// <param name="attributes">AQA.</param>
    /// <param name="submission">ASQ.</param>
    /// <param name="completion">ACQ.</param>
    public bool Enable(ControllerConfiguration configuration, uint attributes, ulong submission, ulong completion)
    {
        int submissionSize = (int)(attributes & 0xFFF) + 1;
        int completionSize = (int)((attributes >> 16) & 0xFFF) + 1;
        ulong pageMask = (ulong)configuration.PageSize - 1;
        IsFatal = configuration.CommandSet != 0 || configuration.Arbitration != 0 || configuration.PageSize > ControllerState.MaxPageSize
            || submissionSize < 2 || completionSize < 2 || ((submission | completion) & pageMask) != 0;
        if (IsFatal)
        {
            return false;
        }

        State.Configuration = configuration;
        queues.AddSubmission(0, submission, submissionSize, queues.AddCompletion(0, completion, completionSize, vector: 0));
        counters.Enables++;
        IsRunning = true;
        return true;
    }

    /// <summary>Everything as it was before it was enabled: no queues, features as they were made.</summary>
    public void Disable()
    {
        queues.Clear();
        doorbells.Reset();
        State.Reset();
        IsRunning = false;
        IsFatal = false;
    }

    /// <summary>Stops for a fault that cannot be told in a completion.</summary>
    public void Fail()
    {
        IsRunning = false;
        IsFatal = true;
        queues.Release();
    }

    /// <summary>Takes no more commands, and writes down all that was written.</summary>
    public void Shutdown()
    {
        IsRunning = false;
        Namespaces.Flush();
        queues.Release();
    }

    /// <summary>Lets go of all memory until it is used again.</summary>
    public void Release() => queues.Release();

    /// <summary>Looks at each queue once and does what is there to do.</summary>
    /// <returns>How many commands were taken.</returns>
    public int Poll()
    {
        if (!memory.IsReachable)
        {
            // Bus mastering is off, which leases that are held would not notice.
            queues.Release();
            return 0;
        }

        int done = 0;
        ReadOnlySpan<SubmissionQueue> polled = queues.Polled;
        foreach (SubmissionQueue queue in polled)
        {
            uint tail = doorbells.Tail(queue.Id);
            if (tail == queue.Head)
            {
                continue;
            }

            if (tail != queue.SeenTail)
            {
                queue.SeenTail = tail;
                counters.DoorbellsSeen++;
                NoteTail(queue, tail);
            }

            if (tail >= (uint)queue.Size)
            {
                continue;
            }

            done += Serve(queue, tail);
            if (!IsRunning)
            {
                return done;
            }

            if (queues.Polled != polled)
            {
                break; // an admin command made or deleted queues
            }
        }

        TellEvents();
        if (throttle.IsWaiting)
        {
            RaiseDue();
        }

        return done;
    }

    /// <summary>Whether a held interrupt or the keep-alive timer makes it look again soon.</summary>
    public bool HasTimers => throttle.IsWaiting || State.KeepAlive.IsRunning;

    /// <summary>Says that the driver must ring from now on, and whether there is nothing to do, looked at after that.</summary>
    public bool PrepareToSleep()
    {
        foreach (SubmissionQueue queue in queues.Polled)
        {
            if (doorbells.Shadow is { } shadow && queue.Id != 0)
            {
                shadow.SetEvent(2 * queue.Id, queue.Head);
                shadow.SetEvent((2 * queue.Completions.Id) + 1, queue.Completions.Head);
            }
        }

        Interlocked.MemoryBarrier();
        foreach (SubmissionQueue queue in queues.Polled)
        {
            uint tail = doorbells.Tail(queue.Id);
            if (tail != queue.Head && tail < (uint)queue.Size && queue.Completions.HasRoom())
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The keep-alive timer ran out: the controller fails (NVM Express Base 2.0, 3.9).</summary>
    public void CheckKeepAlive()
    {
        if (State.KeepAlive.HasExpired)
        {
            Fail();
        }
    }

    private void NoteTail(SubmissionQueue queue, uint tail)
    {
        if (tail >= (uint)queue.Size)
        {
            State.Events.Add(AsyncEventType.Error, AsyncEventInfo.InvalidDoorbellValue, LogPage.Error);
        }
        else if (queue.Id != 0)
        {
            // As far ahead as can be: the driver comes there only after it was looked at again.
            doorbells.Shadow?.SetEvent(2 * queue.Id, tail == 0 ? (uint)queue.Size - 1 : tail - 1);
        }
    }

    private int Serve(SubmissionQueue queue, uint tail)
    {
        CompletionQueue completions = queue.Completions;
        int taken = 0;
        while (queue.Head != tail && taken < Burst && completions.HasRoom())
        {
            if (!queue.TryTake(out SubmissionEntry command))
            {
                Fail();
                return taken;
            }

            taken++;
            CommandResult result = queue.Id == 0 ? admin.Execute(in command) : io.Execute(in command);
            if (!IsRunning)
            {
                return taken;
            }

            if (!result.IsPending && !Complete(queue, in command, result))
            {
                return taken;
            }
        }

        if (completions.HasInvalidHead)
        {
            State.Events.Add(AsyncEventType.Error, AsyncEventInfo.InvalidDoorbellValue, LogPage.Error);
        }

        if (completions.Untold > 0)
        {
            Tell(completions);
        }

        return taken;
    }

    private bool Complete(SubmissionQueue queue, in SubmissionEntry command, CommandResult result)
    {
        if (result.IsError)
        {
            counters.Errors++;
            State.Errors.Add(queue.Id, in command, result);
        }

        if (queue.Completions.TryPost(queue.Id, queue.Head, command.CommandId, result))
        {
            return true;
        }

        Fail();
        return false;
    }

    private void Tell(CompletionQueue queue)
    {
        int completions = queue.Untold;
        queue.Untold = 0;
        if (queue.Vector is { } vector && throttle.Note(vector, completions))
        {
            counters.Interrupts++;
            raise(vector);
        }
    }

    private void RaiseDue()
    {
        for (int vector = 1; vector < throttle.Vectors; vector++)
        {
            if (throttle.IsDue(vector))
            {
                counters.Interrupts++;
                raise(vector);
            }
        }
    }

    // Each event ends one of the requests that wait for events.
    private void TellEvents()
    {
        if (!State.Events.HasEvent || queues.Submission(0) is not { } queue)
        {
            return;
        }

        while (queue.Completions.HasRoom() && State.Events.TryTake(out ushort commandId, out uint dword0))
        {
            if (!queue.Completions.TryPost(0, queue.Head, commandId, new CommandResult(NvmeStatus.Success, dword0)))
            {
                Fail();
                return;
            }
        }

        if (queue.Completions.Untold > 0)
        {
            Tell(queue.Completions);
        }
    }
}
