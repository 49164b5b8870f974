using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// Memory of a peer's that it can take from under this process at any time, so that a plain access might raise SIGBUS: touched by the kernel alone, which
/// says so instead. Costs a system call an access, and cannot be used in place.
/// </summary>
/// <param name="start">Where the function sees it.</param>
/// <param name="mapping">Where it is mapped; unmapped when the region is closed.</param>
/// <param name="length">In bytes.</param>
/// <param name="access">What the function may do.</param>
/// <param name="gone">Is told when it cannot be reached any more: where it starts, and the error.</param>
internal sealed unsafe class GuardedFileRegion(Iova start, PeerMapping mapping, ulong length, DmaAccess access, Action<Iova, Errno> gone) : MemoryRegion(start, length, access)
{
    /// <inheritdoc/>
    public override bool TryRead(ulong offset, Span<byte> destination)
    {
        fixed (byte* to = destination)
        {
            return Copy(mapping.Address + (nint)offset, (nint)to, (nuint)destination.Length);
        }
    }

    /// <inheritdoc/>
    public override bool TryWrite(ulong offset, ReadOnlySpan<byte> source)
    {
        fixed (byte* from = source)
        {
            return Copy((nint)from, mapping.Address + (nint)offset, (nuint)source.Length);
        }
    }

    /// <inheritdoc/>
    public override bool TryGetMemory(ulong offset, int length, out Memory<byte> memory)
    {
        memory = default;
        return false;
    }

    /// <inheritdoc/>
    protected override void OnClosed() => mapping.Dispose();

    private bool Copy(nint from, nint to, nuint length)
    {
        Errno error = MappedMemory.Copy(from, to, length);
        if (error != Errno.None)
        {
            gone(Start, error);
        }

        return error == Errno.None;
    }
}
