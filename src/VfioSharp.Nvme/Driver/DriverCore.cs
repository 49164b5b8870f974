using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Nvme.Spec;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Nvme.Driver;

/// <summary>A controller as it is driven, from its start to its end.</summary>
internal sealed class DriverCore : DriverRecovery, IAsyncDisposable
{
    private DriverCore(PciFunction function, NvmeDriverOptions options, Bar bar)
        : base(function, options, bar)
    {
    }

    /// <inheritdoc cref="NvmeDriver.OpenAsync"/>
    public static async ValueTask<DriverCore> OpenAsync(PciFunction function, NvmeDriverOptions options, CancellationToken stop)
    {
        ClassCode code = function.Configuration.Read().ClassCode;
        if (code != new ClassCode(0x01, 0x08, 0x02))
        {
            throw function.IsLost ? new CommandFailures(function).Lost("open") : new ArgumentException(
                $"{function.Name} is of class {code}, no NVMe controller (010802)", nameof(function));
        }

        Bar bar = function.MapBar(0);
        DriverCore core;
        try
        {
            core = new DriverCore(function, options, bar);
        }
        catch
        {
            bar.Dispose();
            throw;
        }

        try
        {
            await core.StartAsync(stop).ConfigureAwait(false);
            return core;
        }
        catch
        {
            await core.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends it: queues deleted, the controller shut down and off, memory given back.</summary>
    public async ValueTask DisposeAsync()
    {
        await change.WaitAsync().ConfigureAwait(false);
        try
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
            await removing.DisposeAsync().ConfigureAwait(false);
            foreach (NvmeQueue queue in queues)
            {
                await RemoveLockedAsync(queue).ConfigureAwait(false);
            }

            await TurnOffAsync().ConfigureAwait(false);
            await watchdog.DisposeAsync().ConfigureAwait(false);
            interrupts?.Dispose();
            shadow?.Dispose();
            page.Dispose();
            admin.Pair.Dispose();
            bar.Dispose();
            events.Writer.TryComplete();
        }
        finally
        {
            // Others may wait for it, to find that nothing can be done any more: so it is not disposed, which it need not be.
            change.Release();
        }
    }

    private async ValueTask TurnOffAsync()
    {
        bool isTrusted = State == QueueState.Running;
        if (isTrusted)
        {
            try
            {
                await access.ShutDownAsync().ConfigureAwait(false);
            }
            catch (PciException)
            {
                isTrusted = false;
            }
        }

        Task last;
        lock (gate)
        {
            state = QueueState.Closed;
            last = quiet;
        }

        await last.ConfigureAwait(false);
        await access.StopAsync(isTrusted).ConfigureAwait(false);
        admin.Pair.Hold(QueueState.Closed);
        admin.Pair.End(NvmeStatus.AbortedByHost);
    }

    private async ValueTask StartAsync(CancellationToken stop)
    {
        watchdog.Start(Tick);
        removing = function.Removing.UnsafeRegister(static core => ((DriverCore)core!).Lose(), this);
        await MakeReadyAsync(stop).ConfigureAwait(false);
        if (options.UseInterrupts && function.MsixVectorCount > 0)
        {
            interrupts = await function.EnableMsixAsync(Math.Min(function.MsixVectorCount, options.MaxQueues + 1), stop).ConfigureAwait(false);
            vectors = [.. interrupts.Select(vector => new VectorLoop(vector))];
            vectors[0].Add(admin.Look);
            admin.HasInterrupt = true;
            foreach (VectorLoop vector in vectors)
            {
                vector.Start();
            }
        }
        else
        {
            // Without it some controllers believe that somebody listens to the legacy line.
            function.Configuration.SetCommand(PciCommand.InterruptDisable, true);
        }

        await BringUpAsync(stop).ConfigureAwait(false);
        SetRunning();
    }

    /// <inheritdoc cref="NvmeDriver.CreateQueueAsync"/>
    public async ValueTask<NvmeQueue> CreateAsync(NvmeQueueOptions options, CancellationToken stop)
    {
        await change.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            ThrowIfNotRunning("create a queue");
            int id = Enumerable.Range(1, Controller.QueueCount).FirstOrDefault(id => queues.All(queue => queue.Id != id));
            if (id == 0)
            {
                throw new NvmeException(
                    "create a queue",
                    $"{function.Name}: all {Controller.QueueCount} I/O queues are in use: dispose one, or open the driver with a higher MaxQueues",
                    null,
                    function.Address);
            }

            NvmeCompletionMode mode = options.Completion == NvmeCompletionMode.Interrupt && vectors.IsEmpty ? NvmeCompletionMode.Thread : options.Completion;
            VectorLoop? vector = mode == NvmeCompletionMode.Interrupt ? Choose(options.Vector) : null;
            var geometry = QueueGeometry.Io(id, options.Depth, Controller.MaxQueueEntries, access.PageSize, Controller.MaxTransferLength);
            var pair = new QueuePair(geometry, Dma, access.DoorbellsOf(id), Failures);
            try
            {
                // Before the controller knows of it: a completion may come at once.
                await CreateAtControllerAsync(pair, vector?.Index).ConfigureAwait(false);
            }
            catch
            {
                pair.Dispose();
                throw;
            }

            var queue = new NvmeQueue(this, pair, options, mode, vector);
            lock (gate)
            {
                queues = queues.Add(queue);
                if (state != QueueState.Running)
                {
                    pair.Hold(state);
                }
            }

            return queue;
        }
        finally
        {
            change.Release();
        }
    }

    /// <summary>Deletes a queue.</summary>
    public async ValueTask RemoveAsync(NvmeQueue queue)
    {
        await change.WaitAsync().ConfigureAwait(false);
        try
        {
            await RemoveLockedAsync(queue).ConfigureAwait(false);
        }
        finally
        {
            change.Release();
        }
    }

    private VectorLoop Choose(int? wanted)
    {
        if (wanted is { } index)
        {
            return index >= 0 && index < vectors.Length ? vectors[index] : throw new ArgumentOutOfRangeException(
                nameof(wanted), index, $"{vectors.Length} interrupt vectors are enabled");
        }

        // The first is the admin queue's, and shared only where there is no other.
        return vectors.Skip(1).MinBy(vector => vector.Count) ?? vectors[0];
    }

    private async ValueTask RemoveLockedAsync(NvmeQueue queue)
    {
        if (!queues.Contains(queue))
        {
            return;
        }

        queue.Pair.Hold(QueueState.Closing);
        if (State == QueueState.Running)
        {
            await DeleteAsync(AdminOpcode.DeleteSubmissionQueue, queue.Id).ConfigureAwait(false);
            if (State == QueueState.Running)
            {
                await DeleteAsync(AdminOpcode.DeleteCompletionQueue, queue.Id).ConfigureAwait(false);
            }

            queue.Look();
        }

        await Quiet().ConfigureAwait(false);
        lock (gate)
        {
            queues = queues.Remove(queue);
        }

        queue.StopLooking();
        queue.Pair.End(State == QueueState.Lost ? NvmeStatus.HostPathingError : NvmeStatus.AbortedByQueueDeletion);
        queue.Pair.Dispose();
    }
}
