using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>Memory that is an array, and knows who uses it and how it ended.</summary>
internal sealed class ArrayRegion(Iova start, byte[] bytes, DmaAccess access = DmaAccess.ReadWrite) : MemoryRegion(start, (ulong)bytes.Length, access)
{
    private int users;

    /// <summary>How often it was closed.</summary>
    public int Closings { get; private set; }

    /// <summary>Whether it was closed while somebody used it.</summary>
    public bool WasClosedInUse { get; private set; }

    /// <summary>Whether it can be reached.</summary>
    public bool IsReachable { get; set; } = true;

    /// <summary>Whoever has acquired it says so, and when he lets go of it.</summary>
    public void Enter() => Interlocked.Increment(ref users);

    /// <inheritdoc cref="Enter"/>
    public void Leave() => Interlocked.Decrement(ref users);

    /// <inheritdoc/>
    public override bool TryRead(ulong offset, Span<byte> destination)
    {
        bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
        return IsReachable;
    }

    /// <inheritdoc/>
    public override bool TryWrite(ulong offset, ReadOnlySpan<byte> source)
    {
        source.CopyTo(bytes.AsSpan((int)offset, source.Length));
        return IsReachable;
    }

    /// <inheritdoc/>
    public override bool TryGetMemory(ulong offset, int length, out Memory<byte> memory)
    {
        memory = IsReachable ? bytes.AsMemory((int)offset, length) : default;
        return IsReachable;
    }

    /// <inheritdoc/>
    protected override void OnClosed()
    {
        Closings++;
        WasClosedInUse |= Volatile.Read(ref users) != 0;
    }
}
