using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Spec;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Nvme.Driver;

/// <summary>Starts a controller, asks what it is and has, and gives it queues.</summary>
internal abstract class DriverStart : DriverParts
{
    private readonly AsyncEvents asyncEvents;

    protected DriverStart(PciFunction function, NvmeDriverOptions options, Bar bar)
        : base(function, options, bar) => asyncEvents = new AsyncEvents(this, admin);

    // Off, by its own reset or the function's, and on the bus.
    protected async ValueTask MakeReadyAsync(CancellationToken stop)
    {
        try
        {
            await access.DisableAsync(stop).ConfigureAwait(false);
        }
        catch (NvmeException)
        {
            try
            {
                await function.ResetAsync(stop).ConfigureAwait(false);
            }
            catch (NotSupportedException)
            {
                // What the controller does not do itself nobody can do for it.
            }

            await access.DisableAsync(stop).ConfigureAwait(false);
        }

        function.Configuration.SetCommand(PciCommand.MemorySpace | PciCommand.BusMaster, true);
    }

    protected async ValueTask BringUpAsync(CancellationToken stop)
    {
        admin.Pair.Restart();
        await access.EnableAsync(admin.Pair, stop).ConfigureAwait(false);
        admin.Pair.Resume();
        NvmeControllerInfo said = await survey.ReadControllerAsync(page, options.MaxTransferLength).ConfigureAwait(false);
        if (Controller is { } before && (before.SerialNumber != said.SerialNumber || before.Model != said.Model || before.MaxTransferLength != said.MaxTransferLength))
        {
            throw Failures.Nonsense("reset", $"before its reset it was {before.Model} {before.SerialNumber}, now it is {said.Model} {said.SerialNumber}, or moves other lengths");
        }

        uint wanted = (uint)options.MaxQueues - 1;
        uint granted = await admin.SetFeatureAsync(FeatureId.NumberOfQueues, wanted | (wanted << 16)).ConfigureAwait(false);
        uint count = Math.Min(Math.Min(granted & 0xFFFF, granted >> 16) + 1, (uint)options.MaxQueues);
        bool isMapped = bar.Mapped.Any(range => ControllerRegister.Doorbells - range.Offset < range.Length);
        bool isShadowed = !isMapped && options.UseShadowDoorbells && said.CanShadowDoorbells && await ShadowAsync().ConfigureAwait(false);
        Controller = said with { QueueCount = (int)count, VectorCount = vectors.Length, DoorbellsMapped = isMapped, UsesShadowDoorbells = isShadowed };
        Namespaces = await survey.ReadNamespacesAsync(page, said.NamespaceLimit).ConfigureAwait(false);
        await asyncEvents.StartAsync(said.AsyncEventLimit).ConfigureAwait(false);
    }

    protected async ValueTask<bool> ShadowAsync()
    {
        shadow ??= new ShadowDoorbells(Dma, access.PageSize);
        shadow.Clear();
        CompletionEntry end = await admin.SendAsync(new SubmissionEntry
        {
            Opcode = (byte)AdminOpcode.DoorbellBufferConfig,
            Prp1 = shadow.Values.Value,
            Prp2 = shadow.Events.Value,
        }).ConfigureAwait(false);

        // Where it refuses what it has promised, doorbells are written as ever.
        return end.Status == NvmeStatus.Success;
    }

    protected void SetRunning()
    {
        lock (gate)
        {
            if (state != QueueState.Held || !quiet.IsCompleted)
            {
                throw state == QueueState.Lost ? Failures.Lost("start") : Failures.Failed("start");
            }

            state = QueueState.Running;
        }
    }

    protected void ThrowIfNotRunning(string operation)
    {
        ObjectDisposedException.ThrowIf(disposed, typeof(NvmeDriver));
        switch (State)
        {
            case QueueState.Running:
                break;
            case QueueState.Lost:
                throw Failures.Lost(operation);
            default:
                throw Failures.Failed(operation);
        }
    }

    /// <summary>Does something with the controller's page, while nobody starts, ends, or changes queues.</summary>
    public async ValueTask<T> UsePageAsync<T>(Func<AdminQueue, DmaBuffer, ValueTask<T>> use, CancellationToken stop)
    {
        await change.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            ThrowIfNotRunning("ask the controller");
            return await use(admin, page).ConfigureAwait(false);
        }
        finally
        {
            change.Release();
        }
    }

    /// <summary>Reads the namespaces anew.</summary>
    public async ValueTask RescanAsync(CancellationToken stop) => Namespaces = await UsePageAsync(
        (_, buffer) => survey.ReadNamespacesAsync(buffer, Controller.NamespaceLimit), stop).ConfigureAwait(false);

    protected async ValueTask CreateAtControllerAsync(QueuePair pair, int? vector)
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
    protected async ValueTask DeleteAsync(AdminOpcode opcode, int id)
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
}
