using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Emulation;

/// <summary>Memory of this process's own that is longer than an array can be: what a function keeps in place of a medium. It takes room once it is touched.</summary>
/// <remarks>Whoever uses it from another thread than the one that disposes it keeps it from going by <see cref="SafeHandle.DangerousAddRef"/>.</remarks>
internal sealed unsafe class BackingMemory : SafeHandle
{
    private BackingMemory(nint address, long length)
        : base(0, ownsHandle: true)
    {
        Length = length;
        SetHandle(address);
    }

    /// <summary>In bytes.</summary>
    public long Length { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Takes zeros; null where <paramref name="error"/> says why not.</summary>
    /// <param name="length">In bytes, at least 1.</param>
    /// <param name="error">ENOMEM where the host has not that much.</param>
    public static BackingMemory? Take(long length, out Errno error)
    {
        nint address = MappedMemory.Take((ulong)length, out error);
        if (error != Errno.None)
        {
            return null;
        }

        // For the speed of it; a kernel without huge pages says no, and that is all.
        MappedMemory.Advise(address, (ulong)length, MemoryAdvice.MADV_HUGEPAGE);
        return new BackingMemory(address, length);
    }

    /// <summary>A piece of it, while it is not disposed.</summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="length">In bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not all of it lies in the memory.</exception>
    public Span<byte> Slice(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        Check(offset, length);
        return new Span<byte>((byte*)handle + offset, length);
    }

    /// <summary>Makes a piece zeros again, and gives back what it took.</summary>
    /// <inheritdoc cref="Slice"/>
    public void Clear(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        Check(offset, length);
        long page = Environment.SystemPageSize;
        long first = Math.Min((offset + page - 1) / page * page, offset + length);
        long last = Math.Max((offset + length) / page * page, first);
        if (last > first && MappedMemory.Advise(handle + (nint)first, (ulong)(last - first), MemoryAdvice.MADV_DONTNEED) != Errno.None)
        {
            NativeMemory.Clear((byte*)handle + first, (nuint)(last - first));
        }

        NativeMemory.Clear((byte*)handle + offset, (nuint)(first - offset));
        NativeMemory.Clear((byte*)handle + last, (nuint)(offset + length - last));
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => MappedMemory.Release(handle, (ulong)Length) == Errno.None;

    private void Check(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length || length > Length - offset)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"0x{length:x} bytes at 0x{offset:x} do not lie in 0x{Length:x} bytes of memory");
        }
    }
}
