using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>
/// The thread of a controller. It runs from the first time that the controller is enabled and polls only while that is enabled; what handlers of
/// registers want is left for it in fields, so that they need not wait.
/// </summary>
internal sealed class ControllerWorker
{
    private const int TimerInterval = 1; // in milliseconds, while a timer is running
    private const int TimerMask = 0xFFF; // looks between two looks at the clock

    private readonly object gate = new();
    private readonly ControllerEngine engine;
    private readonly ControllerCounters counters;
    private readonly NvmePolling polling;
    private readonly bool isTrapped;
    private readonly int idleInterval;
    private readonly Action<Exception> report;

    // Under the gate.
    private ControllerRegisters registers;
    private int disables;
    private bool isPaused;
    private bool isParked;
    private bool isStopping;
    private bool isRung;
    private TaskCompletionSource? parked;
    private Thread? thread;

    // Written under the gate, or by the thread; read by anyone.
    private int hasOrders;
    private int isSleeping;
    private uint status;

    // The thread's own; or anyone's under the gate while it is parked.
    private int seenDisables;
    private bool isShutDown;
    private bool isEnabled;

    /// <param name="options">What the controller is made of.</param>
    /// <param name="engine">What it does.</param>
    /// <param name="counters">Counts what is done.</param>
    /// <param name="report">Is told of mistakes of this program.</param>
    public ControllerWorker(NvmeControllerOptions options, ControllerEngine engine, ControllerCounters counters, Action<Exception> report)
    {
        this.engine = engine;
        this.counters = counters;
        this.report = report;
        polling = options.Polling;
        isTrapped = options.Doorbells == NvmeDoorbells.Trapped;
        idleInterval = (int)options.IdleInterval.TotalMilliseconds;
    }

    /// <summary>CSTS.</summary>
    public ControllerStatus Status => (ControllerStatus)Volatile.Read(ref status);

    /// <summary>Whether its thread waits, or there is none: nothing is polled.</summary>
    public bool IsParked
    {
        get
        {
            lock (gate)
            {
                return isParked || thread is null;
            }
        }
    }

    /// <summary>The 64 bits of registers at a multiple of 8.</summary>
    public ulong Read(ulong offset)
    {
        lock (gate)
        {
            return registers.Read(offset, Status);
        }
    }

    /// <summary>Writes a register of 32 bits.</summary>
    public void Write(ulong offset, uint value)
    {
        lock (gate)
        {
            bool wasEnabled = registers.Configuration.IsEnabled;
            registers.Write(offset, value);
            if (offset != ControllerRegister.Configuration)
            {
                return;
            }

            if (wasEnabled && !registers.Configuration.IsEnabled)
            {
                disables++;

                // One that had failed is ready no more already: its driver takes that for the end of the reset, and must not find the failure of before.
                Volatile.Write(ref status, status & ~(uint)ControllerStatus.Fatal);
            }

            Order();
            if (thread is null && !isStopping)
            {
                thread = new Thread(Run) { IsBackground = true, Name = "NVMe controller" };
                thread.Start();
            }
        }
    }

    /// <summary>A doorbell was rung, and that came as a message.</summary>
    public void Ring()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref isSleeping) != 0)
        {
            lock (gate)
            {
                isRung = true;
                Monitor.PulseAll(gate);
            }
        }
    }

    /// <summary>Stops work on the driver's memory.</summary>
    public Task PauseAsync()
    {
        lock (gate)
        {
            isPaused = true;
            Order();
            return Parked();
        }
    }

    /// <summary>Work may go on.</summary>
    public void Resume()
    {
        lock (gate)
        {
            isPaused = false;
            Order();
        }
    }

    /// <summary>Brings all back to the defaults. It is paused.</summary>
    public void Reset()
    {
        lock (gate)
        {
            registers = default;
            engine.Disable();
            seenDisables = disables;
            isEnabled = false;
            isShutDown = false;
            Volatile.Write(ref status, 0);
        }
    }

    /// <summary>Ends the thread.</summary>
    public Task StopAsync()
    {
        lock (gate)
        {
            isStopping = true;
            Order();
            return Parked();
        }
    }

    private Task Parked()
    {
        if (thread is null || isParked)
        {
            return Task.CompletedTask;
        }

        parked ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return parked.Task;
    }

    private void Order()
    {
        Volatile.Write(ref hasOrders, 1);
        Monitor.PulseAll(gate);
    }

    private void Run()
    {
        var pace = default(IdlePace);
        int looks = 0;
        while (Volatile.Read(ref hasOrders) == 0 || TakeOrders())
        {
            try
            {
                if (engine.Poll() > 0)
                {
                    pace.Busy();
                }
                else if (polling == NvmePolling.Adaptive && pace.Idle())
                {
                    Sleep();
                }

                if ((++looks & TimerMask) == 0)
                {
                    engine.CheckKeepAlive();
                }
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // What a driver wrote never throws: this program is wrong, and the driver is told so in the one way that there is.
                report(exception);
                engine.Fail();
            }

            if (!engine.IsRunning)
            {
                lock (gate)
                {
                    SetFatal();
                    Order();
                }
            }
        }
    }

    private void SetFatal()
    {
        if (engine.IsFatal && seenDisables == disables)
        {
            Volatile.Write(ref status, status | (uint)ControllerStatus.Fatal);
        }
    }

    /// <summary>Does what was asked for, and waits while there is nothing to poll.</summary>
    /// <returns>False where the thread is to end.</returns>
    private bool TakeOrders()
    {
        while (true)
        {
            ControllerRegisters asked;
            int askedDisables;
            lock (gate)
            {
                while (!isStopping && (isPaused || (hasOrders == 0 && !engine.IsRunning)))
                {
                    Park();
                    Monitor.Wait(gate);
                    isParked = false;
                }

                if (isStopping)
                {
                    Park();
                    return false;
                }

                hasOrders = 0;
                asked = registers;
                askedDisables = disables;
            }

            Carry(asked, askedDisables);
            if (engine.IsRunning)
            {
                return true;
            }
        }
    }

    private void Park()
    {
        engine.Release();
        isParked = true;
        parked?.SetResult();
        parked = null;
    }

    private void Carry(in ControllerRegisters asked, int askedDisables)
    {
        if (seenDisables != askedDisables)
        {
            seenDisables = askedDisables;
            engine.Disable();
            isEnabled = false;
            isShutDown = false;
            Volatile.Write(ref status, 0);
        }

        if (asked.Configuration.IsEnabled && !isEnabled)
        {
            isEnabled = true;
            bool isReady = engine.Enable(asked.Configuration, asked.AdminQueueAttributes, asked.AdminSubmissionQueue, asked.AdminCompletionQueue);
            lock (gate)
            {
                // It may have been disabled meanwhile, and be about to be enabled anew: then this says nothing any more.
                if (disables == askedDisables)
                {
                    Volatile.Write(ref status, (uint)(isReady ? ControllerStatus.Ready : ControllerStatus.Fatal));
                }
            }
        }

        if (asked.Configuration.Shutdown != ShutdownNotice.None && !isShutDown)
        {
            isShutDown = true;
            uint before = status & ~(uint)ControllerStatus.ShutdownMask;
            Volatile.Write(ref status, before | (uint)ControllerStatus.ShutdownOccurring);
            engine.Shutdown();
            Volatile.Write(ref status, before | (uint)ControllerStatus.ShutdownComplete);
        }
    }

    private void Sleep()
    {
        Volatile.Write(ref isSleeping, 1);
        try
        {
            // After saying so, for who rings before is not heard.
            if (!engine.PrepareToSleep())
            {
                return;
            }

            bool hasTimers = engine.HasTimers;
            int time = isTrapped && !hasTimers ? Timeout.Infinite : hasTimers ? TimerInterval : idleInterval;
            lock (gate)
            {
                if (hasOrders == 0 && !isRung)
                {
                    counters.Sleeps++;
                    Monitor.Wait(gate, time);
                }

                isRung = false;
            }

            engine.CheckKeepAlive();
        }
        finally
        {
            Volatile.Write(ref isSleeping, 0);
        }
    }
}
