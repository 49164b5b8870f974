using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>
/// A function with everything that a hostile client could turn against whoever serves it: handlers that reach memory, interrupt, block and throw, a
/// doorbell, memory that is mapped, slow resets and quiesces, a state that travels.
/// </summary>
/// <param name="number">Which one, for its identity register.</param>
internal sealed class SoakFunction(int number) : EmulatedFunction(SoakLayout)
{
    public const uint IdentityPrefix = 0x50AC;
    public const int Vectors = 64;
    public const uint RegisterBar = 0;
    public const uint MemoryBar = 1;
    public const uint TableBar = 2;
    public const uint LargeBar = 4;
    public const uint Configuration = 7;
    public const uint LargeLength = 1 << 20;
    public const uint MemoryLength = 64 << 10;

    // Registers of BAR 0.
    public const ulong Identity = 0x00;
    public const ulong Scratch = 0x08;
    public const ulong Address = 0x10;
    public const ulong Length = 0x18;
    public const ulong Copy = 0x1C; // ReadMemory or WriteMemory
    public const ulong Failures = 0x20;
    public const ulong Successes = 0x24;
    public const ulong Fire = 0x30;
    public const ulong Line = 0x34;
    public const ulong Sleep = 0x38; // milliseconds
    public const ulong Throw = 0x3C;
    public const ulong Bell = 0x80;

    public const uint ReadMemory = 1;
    public const uint WriteMemory = 2;

    private static readonly FunctionLayout SoakLayout = new()
    {
        Identity = new(0x1234, 0x50AC, new(0xFF, 0, 0)),
        Bars =
        [
            BarLayout.Memory32(0, 0x1000) with { Doorbells = [new(Bell, 4)] },
            BarLayout.Memory32(1, MemoryLength) with { Memory = [new(0, MemoryLength)] },
            BarLayout.Msix(2, Vectors),
            BarLayout.Memory32(4, LargeLength),
        ],
        MsiVectors = 4,
        Pin = InterruptPin.A,
        CanMigrate = true,
    };

    private uint scratch;
    private ulong address;
    private uint length;
    private uint failures;
    private uint successes;
    private int resets;

    /// <summary>How long a reset takes.</summary>
    public TimeSpan ResetTime { get; set; }

    /// <summary>How long it takes the function to let go of memory.</summary>
    public TimeSpan QuiesceTime { get; set; }

    /// <summary>How long its handler may block, in milliseconds.</summary>
    public int MaxSleep { get; init; } = 10_000;

    /// <summary>How much memory its handler reads or writes at once, in bytes.</summary>
    public int MaxCopy { get; init; } = 64 << 20;

    /// <summary>How often it was reset.</summary>
    public int Resets => Volatile.Read(ref resets);

    public new SystemMemory Memory => base.Memory;

    public new void Raise(int vector) => base.Raise(vector);

    protected override ulong OnRead(int bar, ulong offset, int width) => (bar, offset) switch
    {
        (0, Identity) => (IdentityPrefix << 16) | (uint)number,
        (0, Scratch) => scratch,
        (0, Failures) => failures,
        (0, Successes) => successes,
        (0, Throw) => throw new InvalidOperationException("an author's mistake"),
        _ => 0,
    };

    protected override void OnWrite(int bar, ulong offset, int width, ulong value)
    {
        switch (bar, offset)
        {
            case (0, Scratch):
                scratch = (uint)value;
                break;
            case (0, Address):
                address = value;
                break;
            case (0, Length):
                length = (uint)value;
                break;
            case (0, Copy):
                CopyMemory((uint)value);
                break;
            case (0, Fire):
                Raise((int)(value % Vectors));
                break;
            case (0, Line):
                SetIntx(value != 0);
                break;
            case (0, Sleep):
                Thread.Sleep((int)Math.Min(value, (ulong)MaxSleep));
                break;
            case (0, Throw):
                throw new InvalidOperationException("an author's mistake");
            default:
                break;
        }
    }

    protected override void OnDoorbell(int bar, Doorbell bell) => CopyMemory(ReadMemory);

    protected override async ValueTask ResetAsync(CancellationToken cancellationToken)
    {
        if (ResetTime > TimeSpan.Zero)
        {
            await Task.Delay(ResetTime, cancellationToken);
        }

        Interlocked.Increment(ref resets);
        (scratch, address, length, failures, successes) = (0, 0, 0, 0, 0);
    }

    protected override async ValueTask QuiesceAsync(CancellationToken cancellationToken)
    {
        if (QuiesceTime > TimeSpan.Zero)
        {
            await Task.Delay(QuiesceTime, cancellationToken);
        }
    }

    protected override ValueTask SaveAsync(Stream destination, CancellationToken cancellationToken)
    {
        destination.Write(MemoryMarshal.AsBytes<uint>([scratch]));
        return ValueTask.CompletedTask;
    }

    protected override ValueTask RestoreAsync(Stream source, CancellationToken cancellationToken)
    {
        uint value = 0;
        source.ReadExactly(MemoryMarshal.AsBytes(new Span<uint>(ref value)));
        scratch = value;
        return ValueTask.CompletedTask;
    }

    private void CopyMemory(uint direction)
    {
        byte[] data = new byte[Math.Min(length, MaxCopy)];
        if (direction == ReadMemory ? Memory.TryRead(new Iova(address), data) : Memory.TryWrite(new Iova(address), data))
        {
            successes++;
        }
        else
        {
            failures++;
        }
    }
}
