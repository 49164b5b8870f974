using System.Buffers.Binary;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Tests.Interrupts;

/// <summary>A function whose interrupts the test raises. It keeps a pending bit for each vector that has no eventfd, and a list of what it was told.</summary>
internal sealed class FakeFunction : PciFunction
{
    public const int Vectors = 8;

    private readonly Lock gate = new();
    private readonly byte[] configuration = new byte[256];
    private readonly EventFd?[] triggers = new EventFd?[Vectors];
    private readonly bool[] pending = new bool[Vectors];
    private readonly List<string> calls = [];
    private int concurrent;

    public FakeFunction(EventLoop loop, bool canResize = true)
        : base(Describe(loop, canResize))
    {
    }

    /// <summary>What it was told about interrupts: <c>MSI-X 2+ set none</c> gives vector 2 its eventfd and takes away that of vector 3.</summary>
    public IReadOnlyList<string> Calls => calls;

    /// <summary>Whether a call, as <see cref="Calls"/> words it, is to be refused.</summary>
    public Predicate<string> Refuses { get; set; } = _ => false;

    /// <summary>What to do in the middle of a call.</summary>
    public Action<string> During { get; set; } = _ => { };

    public bool WasCalledConcurrently { get; private set; }

    /// <summary>Signals the vector, or keeps it pending.</summary>
    public void Raise(int vector)
    {
        lock (gate)
        {
            pending[vector] = triggers[vector] is not { } trigger || trigger.Signal() != Errno.None;
        }
    }

    internal override bool ReadRegionCore(int region, ulong offset, Span<byte> data)
    {
        configuration.AsSpan((int)offset, data.Length).CopyTo(data);
        return true;
    }

    internal override bool WriteRegionCore(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        data.CopyTo(configuration.AsSpan((int)offset));
        return true;
    }

    internal override void EnableInterruptsCore(InterruptKind kind, int start, ReadOnlySpan<EventFd?> triggers)
    {
        string call = $"{kind.Label} {start}+";
        foreach (EventFd? trigger in triggers)
        {
            call += trigger is null ? " none" : " set";
        }

        Note(call);
        lock (gate)
        {
            triggers.CopyTo(this.triggers.AsSpan(start));
            for (int i = start; i < start + triggers.Length; i++)
            {
                if (pending[i] && this.triggers[i] is { } trigger)
                {
                    pending[i] = false;
                    trigger.Signal();
                }
            }
        }
    }

    internal override void DisableInterruptsCore(InterruptKind kind)
    {
        lock (gate)
        {
            Array.Clear(triggers);
        }

        Note($"{kind.Label} off");
    }

    internal override void UnmaskIntxCore() => Note("unmask");

    internal override void MapRegionCore(int region, ByteRange range, nint address) => throw new NotSupportedException();

    internal override ValueTask ResetCore(CancellationToken stop) => ValueTask.CompletedTask;

    internal override void MapDmaCore(in DmaRegion region) => throw new NotSupportedException();

    internal override void UnmapDmaCore(in DmaRegion region) => throw new NotSupportedException();

    internal override ValueTask CloseCore()
    {
        lock (gate)
        {
            Array.Clear(triggers);
        }

        Note("close");
        return ValueTask.CompletedTask;
    }

    /// <summary>The Command register as the function sees it.</summary>
    public ushort Command => BinaryPrimitives.ReadUInt16LittleEndian(configuration.AsSpan(4));

    private static FunctionShape Describe(EventLoop loop, bool canResize) => new()
    {
        Name = "fake",
        Regions = [.. Enumerable.Repeat(RegionShape.Absent, RegionIndex.Configuration), new RegionShape(256, true, true, [])],
        Interrupts = [new(1, false), new(Vectors, false), new(Vectors, canResize)],
        Dma = new DmaLimits([new IovaRange(new Iova(0), new Iova(0xFFFF))], 0x1000, 1),
        Isolation = IsolationVerdict.Isolated,
        Events = loop,
    };

    private void Note(string call)
    {
        WasCalledConcurrently |= Interlocked.Increment(ref concurrent) != 1;
        calls.Add(call);
        During(call);
        Interlocked.Decrement(ref concurrent);
        if (Refuses(call))
        {
            throw new PciException("enable interrupts", $"refused: {call}", errorNumber: (int)Errno.ENOSPC);
        }
    }
}
