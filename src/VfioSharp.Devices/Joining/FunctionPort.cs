using System.Diagnostics.CodeAnalysis;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Joining;

/// <summary>
/// The one client of an emulated function, as vfio-pci is of a physical one: it signals vectors by eventfds, masks those that have none, shows the
/// function its client's memory, and brings back after a reset what the client had set up. Loopback and servers are built on it.
/// </summary>
/// <remarks>A message's address and data, which the MSI-X table holds, are never used: the function cannot signal but through the eventfds given.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing to dispose.")]
internal sealed class FunctionPort : IFunctionHost, IAsyncDisposable
{
    private readonly FunctionCore core;
    private readonly TriggerTable triggers;
    private readonly TriggerTable maskNotices;
    private readonly TriggerTable unmaskNotices;
    private readonly SemaphoreSlim resets = new(1);
    private long signals;
    private bool intxMasked;
    private bool intxLevel;

    private FunctionPort(FunctionCore core)
    {
        this.core = core;
        Layout = core.Layout;
        triggers = new TriggerTable(core.Layout);
        maskNotices = new TriggerTable(core.Layout);
        unmaskNotices = new TriggerTable(core.Layout);
    }

    public FunctionLayout Layout { get; }

    public FunctionCore Core => core;

    /// <summary>
    /// Who the client is, kept alive as long as the function may reach memory of its: dropped without being disposed it would otherwise be collected.
    /// </summary>
    public object? Client { get; set; }

    /// <summary>How often the function has signalled its client.</summary>
    public long Signals => Volatile.Read(ref signals);

    /// <summary>How many vectors a way of interrupting has.</summary>
    public int VectorCount(InterruptKind kind) => triggers.Count(kind);

    /// <summary>Becomes the function's client.</summary>
    /// <exception cref="DeviceBusyException">It has one.</exception>
    public static FunctionPort Attach(EmulatedFunction function)
    {
        ArgumentNullException.ThrowIfNull(function);
        var port = new FunctionPort(function.Core);
        using (function.Core.EnterControl())
        {
            if (function.Core.Interrupts.Host is not null)
            {
                throw new DeviceBusyException("attach", $"this {function.GetType().Name} has a client already: let go of that first, or make another");
            }

            // As vfio-pci leaves an opened function: its BARs answer (vfio_pci_core_enable(), drivers/vfio/pci/vfio_pci_core.c). SPDK relies on it.
            BarAddresses.Assign(function.Core.Configuration, function.Layout);
            function.Core.Configuration.Enable(PciCommand.IoSpace | PciCommand.MemorySpace);
            function.Core.Interrupts.Plug(port);
        }

        return port;
    }

    /// <summary>Gives vectors from <paramref name="start"/> on their eventfds, unmasked, and enables that way of interrupting; null takes one away,
    /// and masks.</summary>
    /// <remarks>A pending vector that is given one is signalled at once.</remarks>
    public void SetTriggers(InterruptKind kind, int start, ReadOnlySpan<EventFd?> eventFds)
    {
        using (core.EnterControl())
        {
            triggers.Set(kind, start, eventFds);
            ConfigurationModel configuration = core.Configuration;
            switch (kind)
            {
                case InterruptKind.Msix when core.Interrupts.Msix is { } msix:
                    for (int i = 0; i < eventFds.Length; i++)
                    {
                        msix.SetMask(start + i, eventFds[i] is null);
                    }

                    if (!msix.IsEnabled && triggers.Any(kind))
                    {
                        int control = configuration.Capabilities.Msix + 2;
                        configuration.Set16(control, ConfigurationImage.MsixFunctionMask, false);
                        configuration.Set16(control, ConfigurationImage.MsixEnable, true);
                    }

                    break;
                case InterruptKind.Msi when core.Interrupts.Msi is { } msi:
                    for (int i = 0; i < eventFds.Length; i++)
                    {
                        msi.SetMask(start + i, eventFds[i] is null);
                    }

                    // A vector without an eventfd is masked, not taken back: those given stay given, or it would be one with a lower vector.
                    msi.Enable(triggers.Any(kind) || msi.IsEnabled, Math.Max(triggers.Highest(kind) + 1, msi.IsEnabled ? msi.Given : 0));
                    break;
                case InterruptKind.Intx:
                    SetIntxMask(false);
                    break;
                default:
                    break;
            }

            core.Interrupts.Refresh();
        }
    }

    /// <summary>Turns a way of interrupting off: all masked, no eventfds.</summary>
    public void ClearTriggers(InterruptKind kind)
    {
        using (core.EnterControl())
        {
            triggers.Clear(kind);
            maskNotices.Clear(kind);
            unmaskNotices.Clear(kind);
            switch (kind)
            {
                case InterruptKind.Msix when core.Interrupts.Msix is { } msix:
                    core.Configuration.Set16(core.Configuration.Capabilities.Msix + 2, ConfigurationImage.MsixEnable, false);
                    for (int vector = 0; vector < msix.Count; vector++)
                    {
                        msix.SetMask(vector, true);
                    }

                    break;
                case InterruptKind.Msi:
                    core.Interrupts.Msi?.Enable(false);
                    break;
                default:
                    break;
            }

            core.Interrupts.Refresh();
        }
    }

    /// <summary>Masks a vector, or holds the legacy line back; or lets it through again: what was held back meanwhile is signalled at once.</summary>
    public void SetMask(InterruptKind kind, int vector, bool masked)
    {
        using (core.EnterControl())
        {
            switch (kind)
            {
                case InterruptKind.Msix:
                    core.Interrupts.Msix?.SetMask(vector, masked);
                    break;
                case InterruptKind.Msi:
                    core.Interrupts.Msi?.SetMask(vector, masked);
                    break;
                case InterruptKind.Intx:
                    SetIntxMask(masked);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Lets the legacy line through again; still asserted, it signals at once.</summary>
    public void UnmaskIntx() => SetMask(InterruptKind.Intx, 0, false);

    /// <summary>Gives vectors from <paramref name="start"/> on eventfds that are signalled when they are masked, or unmasked; null takes one away.</summary>
    public void SetNotices(InterruptKind kind, bool masked, int start, ReadOnlySpan<EventFd?> eventFds)
    {
        using (core.EnterControl())
        {
            (masked ? maskNotices : unmaskNotices).Set(kind, start, eventFds);
        }
    }

    /// <summary>Signals a vector's eventfd, whatever the function wants and whether or not it is masked: a client tries its own wiring so.</summary>
    public void Trigger(InterruptKind kind, int vector)
    {
        using (core.EnterControl())
        {
            triggers.Signal(kind, vector);
        }
    }

    /// <summary>Shows memory to the function.</summary>
    /// <returns>False where other memory is there already.</returns>
    public bool AddMemory(MemoryRegion region) => core.Memory.TryAdd(region);

    /// <summary>
    /// Takes away what lies wholly in a range. The function is quiet first, so that what it has begun there ends well; done when it has let go of it.
    /// </summary>
    /// <returns>How many pieces that were.</returns>
    public async ValueTask<int> RemoveMemoryAsync(Iova first, Iova last)
    {
        int count = 0;
        await core.PausedAsync(async () =>
        {
            foreach (MemoryRegion region in core.Memory.Remove(first, last))
            {
                await region.CloseAsync().ConfigureAwait(false);
                count++;
            }
        }).ConfigureAwait(false);
        return count;
    }

    /// <summary>Resets the function and gives it back what its host had programmed: Command, BARs, interrupts and their masks (pci_restore_state() does).</summary>
    public async ValueTask ResetAsync(CancellationToken stop = default)
    {
        await resets.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            await ResetOnceAsync(stop).ConfigureAwait(false);
        }
        finally
        {
            resets.Release();
        }
    }

    /// <summary>Lets go of the function: it keeps its state, and is left with no memory, no interrupts and no bus mastering.</summary>
    public async ValueTask DisposeAsync()
    {
        // A reset that the client has begun ends before the next has the function, to which it would give back what this one had programmed.
        await resets.WaitAsync().ConfigureAwait(false);
        try
        {
            await LetGoAsync().ConfigureAwait(false);
        }
        finally
        {
            resets.Release();
        }
    }

    /// <inheritdoc/>
    bool IFunctionHost.Deliver(InterruptKind kind, int vector, ulong address, uint data) => Signal(kind, vector);

    /// <inheritdoc/>
    void IFunctionHost.Masked(InterruptKind kind, int vector, bool masked) => (masked ? maskNotices : unmaskNotices).Signal(kind, vector);

    /// <inheritdoc/>
    void IFunctionHost.SetIntx(bool asserted)
    {
        intxLevel = asserted;
        SignalIntx();
    }

    /// <inheritdoc/>
    ValueTask IFunctionHost.ResetAsync(FunctionCore core, CancellationToken stop) => ResetAsync(stop);

    private async ValueTask ResetOnceAsync(CancellationToken stop)
    {
        byte[] saved;
        bool[] masks;
        using (core.EnterControl())
        {
            saved = core.Configuration.Save();
            masks = [.. Enumerable.Range(0, core.Interrupts.Msix?.Count ?? 0).Select(vector => core.Interrupts.Msix!.IsMasked(vector))];
        }

        await core.ResetAsync(stop).ConfigureAwait(false);
        using (core.EnterControl())
        {
            core.Configuration.Write(0, saved);
            for (int vector = 0; vector < masks.Length; vector++)
            {
                core.Interrupts.Msix!.SetMask(vector, masks[vector]);
            }

            core.Interrupts.Refresh();
        }
    }

    private async ValueTask LetGoAsync()
    {
        using (core.EnterControl())
        {
            if (!ReferenceEquals(core.Interrupts.Host, this))
            {
                return;
            }

            core.Configuration.Set16(ConfigurationImage.Command, (ushort)PciCommand.BusMaster, false);
        }

        foreach (InterruptKind kind in Enum.GetValues<InterruptKind>())
        {
            ClearTriggers(kind);
        }

        await RemoveMemoryAsync(new Iova(0), new Iova(ulong.MaxValue)).ConfigureAwait(false);
        using (core.EnterControl())
        {
            core.Interrupts.Plug(null);
        }
    }

    // The line is masked each time it fires, as vfio-pci does, until the client has dealt with it (VFIO_IRQ_INFO_AUTOMASKED).
    private void SignalIntx()
    {
        if (intxLevel && !intxMasked && Signal(InterruptKind.Intx, 0))
        {
            SetIntxMask(true);
        }
    }

    private void SetIntxMask(bool masked)
    {
        if (masked != intxMasked)
        {
            intxMasked = masked;
            (masked ? maskNotices : unmaskNotices).Signal(InterruptKind.Intx, 0);
        }

        SignalIntx();
    }

    private bool Signal(InterruptKind kind, int vector)
    {
        bool signalled = triggers.Signal(kind, vector);
        if (signalled)
        {
            signals++;
        }

        return signalled;
    }
}
