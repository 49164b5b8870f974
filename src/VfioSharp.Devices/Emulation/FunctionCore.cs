using System.Diagnostics.CodeAnalysis;
using VfioSharp.Devices.Joining;
using VfioSharp.Devices.Seam;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// The part of an emulated function that its author does not write: what a bus and a host see of it. Everything here behaves as hardware does;
/// what a host adds (<see cref="FunctionPort"/>) is not here.
/// </summary>
/// <remarks>
/// Two locks, taken in this order: one serializes the author's handlers, the other guards configuration space and interrupts, and is what
/// <see cref="EmulatedFunction.Raise"/> takes, from handlers too.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing to dispose.")]
internal sealed class FunctionCore
{
    private readonly EmulatedFunction function;
    private readonly Lock control = new();
    private readonly SemaphoreSlim pauses = new(1);
    private readonly BarSpace bars;
    private readonly ConfigurationModel configuration;
    private readonly InterruptModel interrupts;
    private bool isStopped; // changed while pausing
    private int resets;
    private bool isResetByRegister;

    public FunctionCore(EmulatedFunction function)
    {
        this.function = function;
        configuration = ConfigurationImage.Create(function.Layout);
        bars = new BarSpace(function, configuration, control);
        interrupts = new InterruptModel(configuration, function.Layout, bars.StoreOf);
        bars.Msix = interrupts.Msix;
        Memory = new SystemMemory(configuration);
    }

    public SystemMemory Memory { get; }

    public FunctionLayout Layout => function.Layout;

    /// <summary>What stands between the function and its surroundings; null for nothing. Changed only while it has no client.</summary>
    public IFunctionTap? Tap
    {
        get;
        set
        {
            field = value;
            Memory.Tap = value;
        }
    }

    /// <summary>Where the function sits; null where it sits nowhere. Changed only while it has no client.</summary>
    public IFunctionPlacement? Placement { get; set; }

    /// <summary>256 or 4096 bytes.</summary>
    public int ConfigurationLength => configuration.Length;

    /// <summary>Runs with configuration space and interrupts to itself.</summary>
    public Lock.Scope EnterControl() => control.EnterScope();

    /// <summary>To be used within <see cref="EnterControl"/>.</summary>
    public ConfigurationModel Configuration => configuration;

    /// <summary>To be used within <see cref="EnterControl"/>.</summary>
    public InterruptModel Interrupts => interrupts;

    /// <summary>How many bytes the pending bits of MSI-X take.</summary>
    public int PendingLength => (int)(Layout.MsixPlacement?.Capability.PbaLength ?? 0);

    /// <summary>How often it was reset, by its host or by its own register: who has stopped it finds out that it runs again.</summary>
    public int Resets => Volatile.Read(ref resets);

    /// <summary>What is behind the BARs.</summary>
    public BarSpace Bars => bars;

    /// <summary>Reads a region, in accesses as wide as alignment allows.</summary>
    /// <returns>False where the function does not answer.</returns>
    public bool Read(int region, ulong offset, Span<byte> data) =>
        region == RegionIndex.Configuration ? ReadConfiguration(offset, data) : bars.Read(region, offset, data);

    /// <inheritdoc cref="Read"/>
    public bool Write(int region, ulong offset, ReadOnlySpan<byte> data) =>
        region == RegionIndex.Configuration ? WriteConfiguration(offset, data) : bars.Write(region, offset, data);

    public void Raise(int vector)
    {
        if (Tap is { } tap)
        {
            tap.Raise(this, vector);
            return;
        }

        Send(vector);
    }

    /// <summary>Sends the message of a vector, past the tap.</summary>
    public void Send(int vector)
    {
        lock (control)
        {
            interrupts.Raise(vector);
        }
    }

    public void SetIntx(bool asserted)
    {
        lock (control)
        {
            interrupts.SetIntx(asserted);
        }
    }

    /// <summary>Resets the function: its registers by its author, the rest here.</summary>
    public async ValueTask ResetAsync(CancellationToken stop)
    {
        await pauses.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            bars.IsClosed = true;
            if (!isStopped)
            {
                await QuiesceAsync(stop).ConfigureAwait(false);
            }

            bars.LeaveHandlers();
            await function.CallResetAsync(stop).ConfigureAwait(false);
            isStopped = false;
            Interlocked.Increment(ref resets);
            lock (control)
            {
                configuration.Reset();
                interrupts.Reset();
            }
        }
        finally
        {
            bars.IsClosed = isStopped;
            Resume();
            pauses.Release();
        }
    }

    /// <summary>Stops the function: it works on no memory, and its registers do not answer, until it is started or reset.</summary>
    public async ValueTask StopAsync(CancellationToken stop)
    {
        await pauses.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            if (!isStopped)
            {
                await QuiesceAsync(stop).ConfigureAwait(false);
                isStopped = true;
                bars.IsClosed = true;
                bars.LeaveHandlers();
            }
        }
        finally
        {
            pauses.Release();
        }
    }

    /// <summary>Lets the function go on.</summary>
    public async ValueTask StartAsync(CancellationToken stop)
    {
        await pauses.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            isStopped = false;
            bars.IsClosed = false;
            Resume();
        }
        finally
        {
            pauses.Release();
        }
    }

    /// <summary>Lets the author write down what is his of the state.</summary>
    public ValueTask CallSaveAsync(Stream destination, CancellationToken stop) => function.CallSaveAsync(destination, stop);

    /// <summary>Lets the author take over what is his of the state.</summary>
    public ValueTask CallRestoreAsync(Stream source, CancellationToken stop) => function.CallRestoreAsync(source, stop);

    /// <summary>Runs an action while the function works on no memory.</summary>
    public async ValueTask PausedAsync(Func<ValueTask> action)
    {
        await pauses.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!isStopped)
            {
                await QuiesceAsync(CancellationToken.None).ConfigureAwait(false);
            }

            await action().ConfigureAwait(false);
        }
        finally
        {
            Resume();
            pauses.Release();
        }
    }

    private bool ReadConfiguration(ulong offset, Span<byte> data)
    {
        if (offset > (ulong)configuration.Length || (ulong)data.Length > (ulong)configuration.Length - offset)
        {
            return false;
        }

        lock (control)
        {
            configuration.Read((int)offset, data);
        }

        return true;
    }

    private bool WriteConfiguration(ulong offset, ReadOnlySpan<byte> data)
    {
        if (offset > (ulong)configuration.Length || (ulong)data.Length > (ulong)configuration.Length - offset)
        {
            return false;
        }

        lock (control)
        {
            uint masks = interrupts.Msi?.Masks ?? 0;
            configuration.Write((int)offset, data);
            interrupts.Msi?.NoteMasks(masks);
            interrupts.Refresh();
        }

        // One that is asked for while another is under way is the same: they would pile up, and outlast whoever asked.
        if (AsksForReset((int)offset, data) && !Interlocked.Exchange(ref isResetByRegister, true))
        {
            _ = ResetByRegisterAsync();
        }

        return true;
    }

    /// <summary>Initiate Function Level Reset, which always reads as zero (PCIe 6.0, 7.5.3.4).</summary>
    private bool AsksForReset(int offset, ReadOnlySpan<byte> data)
    {
        int register = configuration.Capabilities.PciExpress + ConfigurationImage.DeviceControl + 1;
        return configuration.Capabilities.PciExpress != 0 && offset <= register && register < offset + data.Length
            && (data[register - offset] & (ConfigurationImage.InitiateReset >> 8)) != 0;
    }

    private async Task ResetByRegisterAsync()
    {
        try
        {
            CancellationToken never = CancellationToken.None;
            Task reset = interrupts.Host is { } host ? host.ResetAsync(this, never).AsTask() : ResetAsync(never).AsTask();
            await reset.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            function.Report("function-level reset", exception);
        }
        finally
        {
            Volatile.Write(ref isResetByRegister, false);
        }
    }

    // An author's mistake must not keep memory from being taken back, nor the function from being reset.
    private async ValueTask QuiesceAsync(CancellationToken stop)
    {
        try
        {
            await function.CallQuiesceAsync(stop).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            function.Report("quiesce", exception);
        }
    }

    private void Resume()
    {
        if (isStopped)
        {
            return;
        }

        try
        {
            function.CallResume();
        }
        catch (Exception exception)
        {
            function.Report("resume", exception);
        }
    }
}
