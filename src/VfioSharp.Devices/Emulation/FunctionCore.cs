using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// The part of an emulated function that its author does not write: what a bus and a host see of it. Everything here behaves as hardware does;
/// what a host adds (<see cref="Joining.FunctionPort"/>) is not here.
/// </summary>
/// <remarks>
/// Two locks, taken in this order: one serializes the author's handlers, the other guards configuration space and interrupts, and is what
/// <see cref="EmulatedFunction.Raise"/> takes, from handlers too.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing to dispose.")]
internal sealed class FunctionCore
{
    private const int MaxWidth = sizeof(ulong);

    private readonly EmulatedFunction function;
    private readonly Lock handlers = new();
    private readonly Lock control = new();
    private readonly SemaphoreSlim pauses = new(1);
    private readonly BarStore?[] stores = new BarStore?[RegionIndex.Bars];
    private readonly BarMemory?[] memories = new BarMemory?[RegionIndex.Bars];
    private readonly BarLayout?[] bars = new BarLayout?[RegionIndex.Bars];
    private readonly ConfigurationModel configuration;
    private readonly InterruptModel interrupts;
    private volatile bool inReset;

    public FunctionCore(EmulatedFunction function)
    {
        this.function = function;
        foreach (BarLayout bar in function.Layout.Bars)
        {
            bars[bar.Index] = bar;
            if (BarStore.Create(bar, function.Layout.MsixPlacement) is { } store)
            {
                stores[bar.Index] = store;
                memories[bar.Index] = new BarMemory(store, new ByteRange(0, bar.Length));
            }
        }

        configuration = ConfigurationImage.Create(function.Layout);
        interrupts = new InterruptModel(configuration, function.Layout, index => stores[index]);
        Memory = new SystemMemory(configuration);
    }

    public SystemMemory Memory { get; }

    public FunctionLayout Layout => function.Layout;

    /// <summary>256 or 4096 bytes.</summary>
    public int ConfigurationLength => configuration.Length;

    /// <summary>Runs with configuration space and interrupts to itself.</summary>
    public Lock.Scope EnterControl() => control.EnterScope();

    /// <summary>To be used within <see cref="EnterControl"/>.</summary>
    public ConfigurationModel Configuration => configuration;

    /// <summary>To be used within <see cref="EnterControl"/>.</summary>
    public InterruptModel Interrupts => interrupts;

    /// <summary>What of a BAR a driver may map.</summary>
    public ImmutableArray<ByteRange> MappableRanges(int bar) => stores[bar]?.Mappable ?? [];

    /// <summary>The file to map of a BAR, BAR offsets being file offsets; null where nothing can be mapped.</summary>
    public MemoryFile? FileOf(int bar) => stores[bar]?.File;

    /// <summary>Reads a region, in accesses as wide as alignment allows.</summary>
    /// <returns>False where the function does not answer.</returns>
    public bool Read(int region, ulong offset, Span<byte> data)
    {
        if (region == RegionIndex.Configuration)
        {
            return ReadConfiguration(offset, data);
        }

        if (!Decodes(region, offset, data.Length))
        {
            return false;
        }

        Span<byte> value = stackalloc byte[MaxWidth];
        while (data.Length > 0)
        {
            int width = WidthAt(offset, data.Length);
            BinaryPrimitives.WriteUInt64LittleEndian(value, ReadRegister(region, offset, width));
            value[..width].CopyTo(data);
            data = data[width..];
            offset += (ulong)width;
        }

        return true;
    }

    /// <inheritdoc cref="Read"/>
    public bool Write(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        if (region == RegionIndex.Configuration)
        {
            return WriteConfiguration(offset, data);
        }

        if (!Decodes(region, offset, data.Length))
        {
            return false;
        }

        Span<byte> value = stackalloc byte[MaxWidth];
        while (data.Length > 0)
        {
            int width = WidthAt(offset, data.Length);
            value.Clear();
            data[..width].CopyTo(value);
            WriteRegister(region, offset, width, BinaryPrimitives.ReadUInt64LittleEndian(value));
            data = data[width..];
            offset += (ulong)width;
        }

        return true;
    }

    public void Raise(int vector)
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

    public BarMemory MemoryOf(int bar, ByteRange range)
    {
        bool isMemory = bar is >= 0 and < RegionIndex.Bars && bars[bar] is { } layout && !range.IsEmpty
            && layout.Memory.Any(memory => memory.Contains(range));
        MsixPlacement? msix = Layout.MsixPlacement;
        bool isMsix = (msix?.TableBar == bar && range.Overlaps(new ByteRange(msix.TableOffset, msix.Capability.TableLength)))
            || (msix?.PbaBar == bar && range.Overlaps(new ByteRange(msix.PbaOffset, msix.Capability.PbaLength)));
        return isMemory && !isMsix
            ? new BarMemory(stores[bar]!, range) : throw new ArgumentException($"{range} of BAR {bar} is not all memory of the function's own", nameof(range));
    }

    /// <summary>Resets the function: its registers by its author, the rest here.</summary>
    public async ValueTask ResetAsync(CancellationToken stop)
    {
        await pauses.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            inReset = true;
            await QuiesceAsync(stop).ConfigureAwait(false);

            // Whoever is inside a handler leaves it; nobody enters any more.
            handlers.Enter();
            handlers.Exit();
            await function.CallResetAsync(stop).ConfigureAwait(false);
            lock (control)
            {
                configuration.Reset();
                interrupts.Reset();
            }
        }
        finally
        {
            inReset = false;
            Resume();
            pauses.Release();
        }
    }

    /// <summary>Runs an action while the function works on no memory.</summary>
    public async ValueTask PausedAsync(Func<ValueTask> action)
    {
        await pauses.WaitAsync().ConfigureAwait(false);
        try
        {
            await QuiesceAsync(CancellationToken.None).ConfigureAwait(false);
            await action().ConfigureAwait(false);
        }
        finally
        {
            Resume();
            pauses.Release();
        }
    }

    private static int WidthAt(ulong offset, int left)
    {
        int aligned = offset == 0 ? MaxWidth : 1 << Math.Min(BitOperations.TrailingZeroCount(offset), BitOperations.Log2(MaxWidth));
        return Math.Min(aligned, 1 << Math.Min(BitOperations.Log2((uint)left), BitOperations.Log2(MaxWidth)));
    }

    private static ulong Ones(int width) => ulong.MaxValue >> (64 - (8 * width));

    private bool Decodes(int region, ulong offset, int length)
    {
        if (region is < 0 or >= RegionIndex.Bars || bars[region] is not { } bar || inReset || configuration.IsAsleep)
        {
            return false;
        }

        PciCommand needed = bar.Kind == BarKind.Io ? PciCommand.IoSpace : PciCommand.MemorySpace;
        return (configuration.Command & needed) != 0 && offset <= bar.Length && (ulong)length <= bar.Length - offset;
    }

    private ulong ReadRegister(int bar, ulong offset, int width)
    {
        if (interrupts.Msix is { } msix && (msix.IsTable(bar, offset) || msix.IsPba(bar, offset)))
        {
            lock (control)
            {
                return msix.IsTable(bar, offset) ? msix.ReadTable(offset, width) : msix.ReadPba(offset, width);
            }
        }

        if (IsMemory(bar, offset))
        {
            return memories[bar]!.Read(offset, width);
        }

        try
        {
            lock (handlers)
            {
                return inReset ? Ones(width) : function.CallRead(bar, offset, width);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            function.Report($"read {width} bytes at 0x{offset:x} of BAR {bar}", exception);
            return Ones(width);
        }
    }

    private void WriteRegister(int bar, ulong offset, int width, ulong value)
    {
        if (interrupts.Msix is { } msix && (msix.IsTable(bar, offset) || msix.IsPba(bar, offset)))
        {
            // Pending bits are read-only (PCIe 6.0, 7.7.2.6).
            if (msix.IsTable(bar, offset))
            {
                lock (control)
                {
                    msix.WriteTable(offset, width, value);
                }
            }

            return;
        }

        if (IsMemory(bar, offset))
        {
            memories[bar]!.Write(offset, width, value);
            return;
        }

        try
        {
            lock (handlers)
            {
                if (!inReset)
                {
                    function.CallWrite(bar, offset, width, value);
                }
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            function.Report($"write 0x{value:x}, {width} bytes, at 0x{offset:x} of BAR {bar}", exception);
        }
    }

    private bool IsMemory(int bar, ulong offset)
    {
        if (memories[bar] is not null)
        {
            foreach (ByteRange range in bars[bar]!.Memory)
            {
                if (offset - range.Offset < range.Length)
                {
                    return true;
                }
            }
        }

        return false;
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
            configuration.Write((int)offset, data);
            interrupts.Refresh();
        }

        if (AsksForReset((int)offset, data))
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
