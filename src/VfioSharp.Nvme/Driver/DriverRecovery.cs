using VfioSharp.Devices;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

// The controller fails, is stopped, and is started again.
internal sealed partial class DriverCore
{
    private readonly Watchdog watchdog;
    private int now;

    /// <summary>The controller did what none may: it is stopped, kept from memory, and not started again unless somebody asks for that.</summary>
    /// <param name="what">What it did, as what follows "the controller".</param>
    public void Distrust(string what) => Stop($"the controller {what}, and cannot be trusted any more", restart: false);

    /// <inheritdoc cref="NvmeDriver.ResetAsync"/>
    public async ValueTask ResetAsync(CancellationToken stop)
    {
        Task done;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, typeof(NvmeDriver));
            if (state == QueueState.Failed)
            {
                state = QueueState.Held;
                recovery = RecoverAsync(quiet, "a reset was asked for", restart: true);
            }
        }

        Stop("a reset was asked for", restart: true);
        lock (gate)
        {
            done = recovery;
        }

        await done.WaitAsync(stop).ConfigureAwait(false);
        ThrowIfNotRunning("reset");
    }

    private Task Quiet()
    {
        lock (gate)
        {
            return quiet;
        }
    }

    // From any thread, with no lock held but a queue's at the most.
    private void Stop(string reason, bool restart)
    {
        lock (gate)
        {
            if (state > QueueState.Held || !quiet.IsCompleted)
            {
                return;
            }

            // Whoever is about to start the controller fails by this, and says so.
            bool isStarting = state == QueueState.Held;
            state = QueueState.Held;
            Failures.Reason = reason;
            quiet = Task.Run(() => QuietenAsync(isTrusted: restart));
            if (!isStarting)
            {
                recovery = RecoverAsync(quiet, reason, restart);
            }
        }
    }

    private void Lose()
    {
        lock (gate)
        {
            if (state >= QueueState.Lost)
            {
                return;
            }

            state = QueueState.Lost;
            quiet = Task.Run(LeaveAsync);
        }
    }

    private async Task QuietenAsync(bool isTrusted)
    {
        foreach (QueuePair pair in Pairs)
        {
            pair.Hold(QueueState.Held);
        }

        await access.StopAsync(isTrusted).ConfigureAwait(false);
        EndAll(State == QueueState.Lost ? NvmeStatus.HostPathingError : NvmeStatus.AbortedByHost);
    }

    private async Task LeaveAsync()
    {
        foreach (QueuePair pair in Pairs)
        {
            pair.Hold(QueueState.Lost);
        }

        // One that is merely asked for still answers.
        await access.StopAsync(isTrusted: true).ConfigureAwait(false);
        EndAll(NvmeStatus.HostPathingError);
        Report(NvmeEventKind.ControllerLost, $"{function.Name} is gone: it was removed, is asked for, or stopped answering");
    }

    private void EndAll(NvmeStatus status)
    {
        foreach (QueuePair pair in Pairs)
        {
            pair.End(status);
        }
    }

    private async Task RecoverAsync(Task stopped, string reason, bool restart)
    {
        await stopped.ConfigureAwait(false);
        await change.WaitAsync().ConfigureAwait(false);
        try
        {
            if (State != QueueState.Held)
            {
                return;
            }

            if (restart)
            {
                try
                {
                    await RestartAsync().ConfigureAwait(false);
                    Report(NvmeEventKind.ControllerReset, $"{function.Name} was reset: {reason}");
                    return;
                }
                catch (PciException e)
                {
                    reason = $"{reason}; its reset failed: {e.Message}";
                }
            }

            await FailAsync(reason).ConfigureAwait(false);
        }
        finally
        {
            change.Release();
        }
    }

    private async ValueTask RestartAsync()
    {
        await MakeReadyAsync(CancellationToken.None).ConfigureAwait(false);
        await BringUpAsync(CancellationToken.None).ConfigureAwait(false);
        foreach (NvmeQueue queue in queues)
        {
            queue.Pair.Restart();
            await CreateAtControllerAsync(queue.Pair, queue.Vector?.Index).ConfigureAwait(false);
        }

        SetRunning();
        foreach (NvmeQueue queue in queues)
        {
            queue.Pair.Resume();
        }

        // The controller may have failed again, or gone, since.
        QueueState last = State;
        if (last != QueueState.Running)
        {
            foreach (QueuePair pair in Pairs)
            {
                pair.Hold(last);
            }

            await Quiet().ConfigureAwait(false);
            EndAll(last == QueueState.Lost ? NvmeStatus.HostPathingError : NvmeStatus.AbortedByHost);
        }
    }

    private async ValueTask FailAsync(string reason)
    {
        await Quiet().ConfigureAwait(false);
        await access.StopAsync(isTrusted: false).ConfigureAwait(false);
        Failures.Reason = reason;
        lock (gate)
        {
            if (state != QueueState.Held)
            {
                return;
            }

            state = QueueState.Failed;
        }

        foreach (QueuePair pair in Pairs)
        {
            pair.Hold(QueueState.Failed);
        }

        EndAll(NvmeStatus.AbortedByHost);
        Report(NvmeEventKind.ControllerFailed, $"{function.Name} failed and was stopped: {reason}");
    }

    // One call at a time.
    private void Tick()
    {
        now++;
        bool anyUnderWay = false;
        foreach (QueuePair pair in Pairs)
        {
            pair.Now = now;
            anyUnderWay |= pair.UnderWay > 0;
        }

        if (!anyUnderWay || State > QueueState.Held)
        {
            return;
        }

        admin.Look();
        ControllerStatus status = access.Status;
        if ((uint)status == uint.MaxValue)
        {
            Lose();
        }
        else if ((status & ControllerStatus.Fatal) != 0)
        {
            Stop("the controller failed (CSTS.CFS)", restart: true);
        }
        else if (FindOverdue(admin.Pair, options.AdminTimeout) is { } slot)
        {
            Stop($"{(AdminOpcode)slot.Opcode} did not end within {options.AdminTimeout.TotalSeconds:0.###} s", restart: true);
        }
        else
        {
            foreach (NvmeQueue queue in queues)
            {
                Check(queue);
            }
        }
    }

    private CommandSlot? FindOverdue(QueuePair pair, TimeSpan timeout)
    {
        lock (pair.Gate)
        {
            return pair.FindOverdue(watchdog.TicksOf(timeout));
        }
    }

    private void Check(NvmeQueue queue)
    {
        if (queue.Completion != NvmeCompletionMode.Caller && queue.LookForLate(now) && queue.Completion == NvmeCompletionMode.Interrupt)
        {
            Report(NvmeEventKind.InterruptLost, $"{function.Name}: a completion of queue {queue.Id} was there without its interrupt");
        }

        if (FindOverdue(queue.Pair, options.IoTimeout) is not { } late)
        {
            return;
        }

        // It may have ended, with nobody looking; or its doorbell may have been missed.
        queue.Look();
        ushort id;
        lock (queue.Pair.Gate)
        {
            if (late.State != SlotState.UnderWay || now - late.Since <= watchdog.TicksOf(options.IoTimeout))
            {
                return;
            }

            if (late.IsAborting)
            {
                Stop($"{(IoOpcode)late.Opcode} of queue {queue.Id} ended neither in {options.IoTimeout.TotalSeconds:0.###} s nor by Abort", restart: true);
                return;
            }

            queue.Pair.RingAgain();
            late.IsAborting = true;
            late.Since = now;
            id = late.CommandId;
        }

        Report(
            NvmeEventKind.CommandTimedOut,
            $"{function.Name}: {(IoOpcode)late.Opcode} of queue {queue.Id} did not end within {options.IoTimeout.TotalSeconds:0.###} s, and is aborted");
        _ = admin.AbortAsync(queue.Id, id).AsTask();
    }
}
