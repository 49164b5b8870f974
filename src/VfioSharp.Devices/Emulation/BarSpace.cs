using System.Buffers.Binary;
using System.Numerics;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Emulation;

/// <summary>The BARs of an emulated function: what of them is memory, what its author's handlers answer for, and what belongs to MSI-X.</summary>
internal sealed class BarSpace
{
    private const int MaxWidth = sizeof(ulong);

    private readonly EmulatedFunction function;
    private readonly ConfigurationModel configuration;
    private readonly Lock control;
    private readonly Lock handlers = new();
    private readonly BarStore?[] stores = new BarStore?[RegionIndex.Bars];
    private readonly BarMemory?[] memories = new BarMemory?[RegionIndex.Bars];
    private readonly BarLayout?[] bars = new BarLayout?[RegionIndex.Bars];
    private volatile bool isClosed;

    /// <summary>Makes the memory of the BARs.</summary>
    /// <param name="function">Whose handlers to call.</param>
    /// <param name="configuration">Tells whether the BARs answer.</param>
    /// <param name="control">What guards MSI-X.</param>
    /// <exception cref="PciException">There is no memory, or no descriptor, left.</exception>
    public BarSpace(EmulatedFunction function, ConfigurationModel configuration, Lock control)
    {
        this.function = function;
        this.configuration = configuration;
        this.control = control;
        foreach (BarLayout bar in function.Layout.Bars)
        {
            bars[bar.Index] = bar;
            if (BarStore.Create(bar, function.Layout.MsixPlacement) is { } store)
            {
                stores[bar.Index] = store;
                memories[bar.Index] = new BarMemory(store, new ByteRange(0, bar.Length));
            }
        }
    }

    /// <summary>Who keeps the MSI-X structures; null where there are none.</summary>
    public MsixModel? Msix { get; set; }

    /// <summary>Whether no register answers: in a reset, and while the function is stopped.</summary>
    public bool IsClosed
    {
        get => isClosed;
        set => isClosed = value;
    }

    /// <summary>The memory of BARs that is part of the function's state, in a fixed order: the author's, and the MSI-X table.</summary>
    public IEnumerable<BarMemory> SavedMemory
    {
        get
        {
            foreach (BarLayout bar in function.Layout.Bars.OrderBy(bar => bar.Index))
            {
                foreach (ByteRange range in bar.Memory.OrderBy(range => range.Offset))
                {
                    yield return new BarMemory(stores[bar.Index]!, range);
                }
            }

            if (function.Layout.MsixPlacement is { } msix)
            {
                yield return new BarMemory(stores[msix.TableBar]!, new ByteRange(msix.TableOffset, msix.Capability.TableLength));
            }
        }
    }

    /// <summary>The memory of a BAR; null where nothing of it is memory.</summary>
    public BarStore? StoreOf(int bar) => stores[bar];

    /// <summary>Once this returns nobody is inside a handler; with <see cref="IsClosed"/> set before, nobody enters one any more.</summary>
    public void LeaveHandlers()
    {
        handlers.Enter();
        handlers.Exit();
    }

    /// <summary>Reads a BAR, in accesses as wide as alignment allows.</summary>
    /// <returns>False where it does not answer.</returns>
    public bool Read(int bar, ulong offset, Span<byte> data)
    {
        if (!Decodes(bar, offset, data.Length))
        {
            return false;
        }

        Span<byte> value = stackalloc byte[MaxWidth];
        while (data.Length > 0)
        {
            int width = WidthAt(offset, data.Length);
            BinaryPrimitives.WriteUInt64LittleEndian(value, ReadRegister(bar, offset, width));
            value[..width].CopyTo(data);
            data = data[width..];
            offset += (ulong)width;
        }

        return true;
    }

    /// <inheritdoc cref="Read"/>
    public bool Write(int bar, ulong offset, ReadOnlySpan<byte> data)
    {
        if (!Decodes(bar, offset, data.Length))
        {
            return false;
        }

        Span<byte> value = stackalloc byte[MaxWidth];
        while (data.Length > 0)
        {
            int width = WidthAt(offset, data.Length);
            value.Clear();
            data[..width].CopyTo(value);
            WriteRegister(bar, offset, width, BinaryPrimitives.ReadUInt64LittleEndian(value));
            data = data[width..];
            offset += (ulong)width;
        }

        return true;
    }

    /// <summary>Rings a doorbell, as a write to it does.</summary>
    public void Ring(int bar, Doorbell bell)
    {
        if (Decodes(bar, bell.Offset, bell.Width))
        {
            CallHandler(bar, bell, 0, 0, 0);
        }
    }

    public BarMemory MemoryOf(int bar, ByteRange range)
    {
        bool isMemory = bar is >= 0 and < RegionIndex.Bars && bars[bar] is { } layout && !range.IsEmpty
            && layout.Memory.Any(memory => memory.Contains(range));
        MsixPlacement? msix = function.Layout.MsixPlacement;
        bool isMsix = (msix?.TableBar == bar && range.Overlaps(new ByteRange(msix.TableOffset, msix.Capability.TableLength)))
            || (msix?.PbaBar == bar && range.Overlaps(new ByteRange(msix.PbaOffset, msix.Capability.PbaLength)));
        return isMemory && !isMsix
            ? new BarMemory(stores[bar]!, range) : throw new ArgumentException($"{range} of BAR {bar} is not all memory of the function's own", nameof(range));
    }

    private static int WidthAt(ulong offset, int left)
    {
        int aligned = offset == 0 ? MaxWidth : 1 << Math.Min(BitOperations.TrailingZeroCount(offset), BitOperations.Log2(MaxWidth));
        return Math.Min(aligned, 1 << Math.Min(BitOperations.Log2((uint)left), BitOperations.Log2(MaxWidth)));
    }

    private static ulong Ones(int width) => ulong.MaxValue >> (64 - (8 * width));

    private bool Decodes(int bar, ulong offset, int length)
    {
        if (bar is < 0 or >= RegionIndex.Bars || bars[bar] is not { } layout || isClosed || configuration.IsAsleep)
        {
            return false;
        }

        PciCommand needed = layout.Kind == BarKind.Io ? PciCommand.IoSpace : PciCommand.MemorySpace;
        return (configuration.Command & needed) != 0 && offset <= layout.Length && (ulong)length <= layout.Length - offset;
    }

    private ulong ReadRegister(int bar, ulong offset, int width)
    {
        if (Msix is { } msix && (msix.IsTable(bar, offset) || msix.IsPba(bar, offset)))
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
                return isClosed ? Ones(width) : function.CallRead(bar, offset, width);
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
        if (Msix is { } msix && (msix.IsTable(bar, offset) || msix.IsPba(bar, offset)))
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

        CallHandler(bar, BellAt(bar, offset, width, value), offset, width, value);
    }

    private void CallHandler(int bar, Doorbell? bell, ulong offset, int width, ulong value)
    {
        try
        {
            lock (handlers)
            {
                if (isClosed)
                {
                    return;
                }

                if (bell is { } rung)
                {
                    function.CallDoorbell(bar, rung);
                }
                else
                {
                    function.CallWrite(bar, offset, width, value);
                }
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            function.Report(
                bell is { } rung ? $"ring the doorbell at 0x{rung.Offset:x} of BAR {bar}" : $"write 0x{value:x}, {width} bytes, at 0x{offset:x} of BAR {bar}", exception);
        }
    }

    private Doorbell? BellAt(int bar, ulong offset, int width, ulong value)
    {
        foreach (Doorbell bell in bars[bar]!.Doorbells)
        {
            if (bell.Offset == offset && bell.Width == width && (bell.Value is not { } only || only == value))
            {
                return bell;
            }
        }

        return null;
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
}
