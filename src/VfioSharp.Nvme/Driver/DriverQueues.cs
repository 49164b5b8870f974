using VfioSharp.Devices;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

// Queues are made and deleted.
internal sealed partial class DriverCore
{
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

    private async ValueTask CreateAtControllerAsync(QueuePair pair, int? vector)
    {
        pair.Doorbells.Shadow = Controller.UsesShadowDoorbells && shadow is { } buffer
            && buffer.Holds(ControllerRegister.CompletionHead(pair.Geometry.Id, Controller.DoorbellStride)) ? buffer : null;
        await admin.CreateCompletionQueueAsync(pair, vector).ConfigureAwait(false);
        try
        {
            await admin.CreateSubmissionQueueAsync(pair).ConfigureAwait(false);
        }
        catch
        {
            await DeleteAsync(AdminOpcode.DeleteCompletionQueue, pair.Geometry.Id).ConfigureAwait(false);
            throw;
        }
    }

    // Where the controller does not let go of a queue it is stopped: the queue's memory is about to be given back.
    private async ValueTask DeleteAsync(AdminOpcode opcode, int id)
    {
        try
        {
            await admin.DeleteQueueAsync(opcode, id).ConfigureAwait(false);
        }
        catch (PciException e)
        {
            Stop($"it did not delete queue {id} ({e.Message})", restart: true);
            await Quiet().ConfigureAwait(false);
        }
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
