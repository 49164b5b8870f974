using System.Diagnostics;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// A PCI function written in C#. Derive from it, say what it is by a <see cref="FunctionLayout"/>, and answer reads and writes of its registers.
/// Configuration space, MSI-X table, masks and pending bits, and memory-backed parts of BARs are kept here; serve it, or join it to a driver in this
/// process by <see cref="Loopback"/>.
/// </summary>
/// <remarks>
/// <para><see cref="OnRead"/> and <see cref="OnWrite"/> are called one at a time and must not block. All members that interrupt or reach memory may
/// be called from any thread. What the handlers throw ends as all ones or as a dropped write and is told by <see cref="Faulted"/>.</para>
/// <para>What a function keeps outlives who uses it: it is reset only when somebody asks for that.</para>
/// </remarks>
public abstract class EmulatedFunction
{
    private readonly int vectors;

    /// <summary>Makes the function.</summary>
    /// <param name="layout">All that is fixed about it.</param>
    /// <exception cref="ArgumentException">The layout breaks a rule; the message says which.</exception>
    /// <exception cref="PciException">There is no memory, or no descriptor, left for memory-backed BARs.</exception>
    protected EmulatedFunction(FunctionLayout layout)
    {
        LayoutRules.Check(layout);
        Layout = layout;
        vectors = layout.MsixPlacement?.Vectors ?? layout.MsiVectors;
        Core = new FunctionCore(this);
    }

    /// <summary>A handler threw. Where nobody listens, a line of trace tells.</summary>
    public event EventHandler<EmulationFaultEventArgs>? Faulted;

    /// <summary>All that is fixed about it.</summary>
    public FunctionLayout Layout { get; }

    /// <summary>The memory that the driver or guest shows to the function.</summary>
    protected SystemMemory Memory => Core.Memory;

    /// <summary>What hosts and backends use.</summary>
    internal FunctionCore Core { get; }

    /// <summary>Sends the message of a vector, by MSI-X or MSI, whichever is enabled; masked, or not enabled, an MSI-X vector stays pending.</summary>
    /// <param name="vector">0 up to the number of MSI-X vectors, or of MSI vectors where there is no MSI-X.</param>
    /// <remarks>With MSI, given fewer vectors than asked for, vectors with equal low bits are one. Any thread; never blocks for long.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The function has no such vector.</exception>
    protected void Raise(int vector)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(vector);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(vector, vectors);
        Core.Raise(vector);
    }

    /// <summary>Asserts the legacy line, or lets go of it. It does not interrupt while disabled, or while MSI or MSI-X is enabled instead.</summary>
    /// <param name="asserted">Whether the function has a reason to interrupt, until it says otherwise.</param>
    /// <exception cref="InvalidOperationException">The function has no line (<see cref="FunctionLayout.Pin"/>).</exception>
    protected void SetIntx(bool asserted)
    {
        if (Layout.Pin == InterruptPin.None)
        {
            throw new InvalidOperationException("the function's layout gives it no interrupt pin");
        }

        Core.SetIntx(asserted);
    }

    /// <summary>A part of a BAR that the layout says is plain memory.</summary>
    /// <param name="bar">0 to 5.</param>
    /// <param name="range">The part; it may be all of one range of <see cref="BarLayout.Memory"/> or less.</param>
    /// <exception cref="ArgumentException">Not all of it is memory, or it holds MSI-X structures.</exception>
    protected BarMemory MemoryOf(int bar, ByteRange range) => Core.Bars.MemoryOf(bar, range);

    /// <summary>A register was read. One call at a time, with <see cref="OnWrite"/>.</summary>
    /// <param name="bar">0 to 5.</param>
    /// <param name="offset">In the BAR, in bytes; a multiple of the width.</param>
    /// <param name="width">1, 2, 4 or 8 bytes.</param>
    /// <returns>Its value, in the low bytes.</returns>
    protected abstract ulong OnRead(int bar, ulong offset, int width);

    /// <summary>A register was written. One call at a time, with <see cref="OnRead"/>.</summary>
    /// <param name="bar">0 to 5.</param>
    /// <param name="offset">In the BAR, in bytes; a multiple of the width.</param>
    /// <param name="width">1, 2, 4 or 8 bytes.</param>
    /// <param name="value">What was written, in the low bytes.</param>
    protected abstract void OnWrite(int bar, ulong offset, int width, ulong value);

    /// <summary>A doorbell was rung, once or more often. One call at a time, with <see cref="OnRead"/> and <see cref="OnWrite"/>.</summary>
    /// <param name="bar">0 to 5.</param>
    /// <param name="bell">Which one, as <see cref="BarLayout.Doorbells"/> has it.</param>
    protected virtual void OnDoorbell(int bar, Doorbell bell)
    {
    }

    /// <summary>
    /// Brings the registers to their defaults. Nobody reaches them meanwhile; configuration space and interrupts are reset afterwards, memory-backed
    /// parts of BARs keep what they hold unless this changes it.
    /// </summary>
    /// <param name="cancellationToken">Gives up; what the registers then hold is the author's choice.</param>
    protected virtual ValueTask ResetAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>
    /// Stops work on the host's memory: before memory is taken away, before a reset, before the state is saved. When it ends, no lease is held and
    /// none is taken until <see cref="OnResume"/>.
    /// </summary>
    /// <param name="cancellationToken">Gives up.</param>
    protected virtual ValueTask QuiesceAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Work may go on.</summary>
    protected virtual void OnResume()
    {
    }

    /// <summary>
    /// Writes down the state that is not seen in configuration space, interrupts and memory of BARs, which are saved without the author's doing. Called
    /// when the function is quiet and nobody reaches its registers, and only where the layout says <see cref="FunctionLayout.CanMigrate"/>.
    /// </summary>
    /// <param name="destination">Takes what <see cref="RestoreAsync"/> reads; write a version first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    protected virtual ValueTask SaveAsync(Stream destination, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Takes over the state that another function of the same layout has saved. Called as <see cref="SaveAsync"/> is.</summary>
    /// <param name="source">
    /// What was saved, to its end. It comes from whoever drives the function and may hold anything: check it before anything is changed.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidDataException">It is not what <see cref="SaveAsync"/> writes; the function is to be reset.</exception>
    protected virtual ValueTask RestoreAsync(Stream source, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    internal void CallDoorbell(int bar, Doorbell bell)
    {
        if (Core.Tap is { } tap)
        {
            CallDoorbell(tap, bar, bell);
            return;
        }

        OnDoorbell(bar, bell);
    }

    internal ValueTask CallSaveAsync(Stream destination, CancellationToken stop) => SaveAsync(destination, stop);

    internal ValueTask CallRestoreAsync(Stream source, CancellationToken stop) => RestoreAsync(source, stop);

    internal ulong CallRead(int bar, ulong offset, int width) =>
        Core.Tap is { } tap ? CallRead(tap, bar, offset, width) : OnRead(bar, offset, width);

    internal void CallWrite(int bar, ulong offset, int width, ulong value)
    {
        if (Core.Tap is { } tap)
        {
            CallWrite(tap, bar, offset, width, value);
            return;
        }

        OnWrite(bar, offset, width, value);
    }

    internal ValueTask CallResetAsync(CancellationToken stop) => ResetAsync(stop);

    internal ValueTask CallQuiesceAsync(CancellationToken stop) => QuiesceAsync(stop);

    internal void CallResume() => OnResume();

    internal void Report(string operation, Exception exception)
    {
        if (Faulted is not { } listeners)
        {
            Trace.TraceError($"{GetType().Name}: {operation}: {exception}");
            return;
        }

        try
        {
            listeners(this, new EmulationFaultEventArgs(operation, exception));
        }
        catch (Exception careless)
        {
            // Whoever reports has memory to take back or a reset to finish.
            Trace.TraceError($"{GetType().Name}: {operation}: {exception}, and who was told of it: {careless}");
        }
    }

    // Apart, so that a function without a tap pays for no closure.
    private ulong CallRead(IFunctionTap tap, int bar, ulong offset, int width) => tap.Read(bar, offset, width, () => OnRead(bar, offset, width));

    private void CallDoorbell(IFunctionTap tap, int bar, Doorbell bell) =>
        tap.Write(bar, bell.Offset, bell.Width, bell.Value ?? 0, _ => OnDoorbell(bar, bell));

    private void CallWrite(IFunctionTap tap, int bar, ulong offset, int width, ulong value) =>
        tap.Write(bar, offset, width, value, written => OnWrite(bar, offset, width, written));
}
