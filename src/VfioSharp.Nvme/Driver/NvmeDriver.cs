using System.Collections.Immutable;
using System.Threading.Channels;
using VfioSharp.Devices;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>A driver of an NVMe controller, however its function is reached.</summary>
/// <remarks>
/// The device is not trusted: what it says is checked, and where it does what no controller may (completes what was not asked for, describes blocks of
/// 2^63 bytes) it is stopped, kept from memory, and what was under way fails. Time-outs are followed by Abort, and that by a reset.
/// </remarks>
public sealed class NvmeDriver : IAsyncDisposable
{
    private readonly DriverCore core;
    private readonly PciFunction function;
    private readonly bool ownsFunction;

    private NvmeDriver(DriverCore core, PciFunction function, bool ownsFunction)
    {
        this.core = core;
        this.function = function;
        this.ownsFunction = ownsFunction;
    }

    /// <summary>What the controller says of itself.</summary>
    public NvmeControllerInfo Controller => core.Controller;

    /// <summary>Its namespaces, ascending by <see cref="NvmeNamespaceInfo.Id"/>.</summary>
    public ImmutableArray<NvmeNamespaceInfo> Namespaces => core.Namespaces;

    /// <summary>What happens beside commands: events of the controller, time-outs, resets, its loss. The last 256 are kept for whoever reads.</summary>
    public ChannelReader<NvmeEvent> Events => core.Events;

    /// <summary>Whether commands are taken; else the controller is being reset, has failed, or is gone.</summary>
    public bool IsRunning => core.State == QueueState.Running;

    /// <summary>Whether the function is gone, or asked for: dispose the driver and the function.</summary>
    public bool IsLost => core.State == QueueState.Lost;

    /// <summary>Resets the controller, turns it on and asks what it is and has.</summary>
    /// <param name="function">The controller's function. Nobody else may use it meanwhile.</param>
    /// <param name="options">How it is to be driven.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The driver; disposing it shuts the controller down.</returns>
    /// <exception cref="ArgumentException">The function is no NVMe controller, or an option is out of its range.</exception>
    /// <exception cref="NvmeException">The controller fails, does not answer in time, or says what cannot be.</exception>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    /// <exception cref="PciException">There is no memory for queues, or there are no vectors.</exception>
    public static async ValueTask<NvmeDriver> OpenAsync(PciFunction function, NvmeDriverOptions? options = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(function);
        options ??= new NvmeDriverOptions();
        options.Check();
        try
        {
            return new NvmeDriver(await DriverCore.OpenAsync(function, options, stop).ConfigureAwait(false), function, options.OwnsFunction);
        }
        catch when (options.OwnsFunction)
        {
            await function.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Makes an I/O queue: one for each thread that does I/O is best.</summary>
    /// <param name="options">What it is to be like.</param>
    /// <param name="stop">Gives up before it is begun.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="NvmeException">The controller refuses, or has no more queues.</exception>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    public ValueTask<NvmeQueue> CreateQueueAsync(NvmeQueueOptions? options = null, CancellationToken stop = default)
    {
        options ??= new NvmeQueueOptions();
        options.Check();
        return core.CreateAsync(options, stop);
    }

    /// <summary>Resets the controller. What is under way ends as <see cref="NvmeStatus.AbortedByHost"/>; queues go on. Brings one back that had failed.</summary>
    /// <param name="stop">Ends the wait, not the reset.</param>
    /// <exception cref="NvmeException">It does not come back.</exception>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    public ValueTask ResetAsync(CancellationToken stop = default) => core.ResetAsync(stop);

    /// <summary>Reads the controller's health (NVM Express Base 2.0, 5.16.1.3).</summary>
    /// <param name="stop">Gives up before it is begun.</param>
    /// <exception cref="PciException">The controller refuses, or is gone.</exception>
    public ValueTask<NvmeHealth> ReadSmartAsync(CancellationToken stop = default) => core.UsePageAsync(
        static async (admin, page) =>
        {
            await admin.ReadLogAsync(LogPage.Smart, SmartLog.Length, page).ConfigureAwait(false);
            return NvmeHealth.Of(page.Span[..SmartLog.Length].ToArray());
        },
        stop);

    /// <summary>Reads the controller's errors, the latest first (NVM Express Base 2.0, 5.16.1.2).</summary>
    /// <param name="stop">Gives up before it is begun.</param>
    /// <exception cref="PciException">The controller refuses, or is gone.</exception>
    public ValueTask<ImmutableArray<NvmeErrorEntry>> ReadErrorLogAsync(CancellationToken stop = default)
    {
        int count = Math.Min(Controller.ErrorLogEntries, Controller.PageSize / ErrorLogEntry.Length);
        return core.UsePageAsync(
            async (admin, page) =>
            {
                await admin.ReadLogAsync(LogPage.Error, count * ErrorLogEntry.Length, page).ConfigureAwait(false);
                return NvmeErrorEntry.All(page.Span[..(count * ErrorLogEntry.Length)].ToArray());
            },
            stop);
    }

    /// <summary>Deletes the queues, shuts the controller down so that it loses nothing, and turns it off.</summary>
    public async ValueTask DisposeAsync()
    {
        await core.DisposeAsync().ConfigureAwait(false);
        if (ownsFunction)
        {
            await function.DisposeAsync().ConfigureAwait(false);
        }
    }
}
