using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;

namespace VfioSharp.Nvme.Controller;

/// <summary>
/// A block of the driver's memory that is used over and over, such as a queue: held on to across commands where that is possible, else copied from and
/// to. One thread. What it reads may change at any time and is anything.
/// </summary>
/// <param name="memory">All of the driver's memory.</param>
/// <param name="address">Where the block starts.</param>
/// <param name="length">In bytes.</param>
/// <param name="access">What is done with it.</param>
internal sealed class GuestBlock(SystemMemory memory, Iova address, int length, DmaAccess access)
{
    private MemoryLease lease;
    private bool isHeld;
    private bool isRefused;

    /// <summary>Reads a structure, once; false where it cannot be read.</summary>
    /// <param name="offset">In bytes from the block's start; all of the structure lies in the block.</param>
    /// <param name="value">As it lies in memory.</param>
    public bool TryRead<T>(int offset, out T value)
        where T : unmanaged
    {
        if (!Hold())
        {
            return memory.TryRead(address + (ulong)offset, out value);
        }

        value = MemoryMarshal.Read<T>(lease.Span[offset..]);
        return true;
    }

    /// <summary>Reads 32 bits that the driver writes at one go; false where they cannot be read.</summary>
    /// <inheritdoc cref="TryRead{T}"/>
    public bool TryRead32(int offset, out uint value)
    {
        if (!Hold())
        {
            return memory.TryRead(address + (ulong)offset, out value);
        }

        value = Volatile.Read(ref MemoryMarshal.AsRef<uint>(lease.Span[offset..]));
        return true;
    }

    /// <summary>Writes 32 bits at one go, after all that was written before; false where they cannot be written.</summary>
    /// <param name="offset">In bytes from the block's start, a multiple of 4.</param>
    /// <param name="value">What to write.</param>
    public bool TryWrite32(int offset, uint value)
    {
        if (!Hold())
        {
            return memory.TryWrite(address + (ulong)offset, value);
        }

        Volatile.Write(ref MemoryMarshal.AsRef<uint>(lease.Span[offset..]), value);
        return true;
    }

    /// <summary>Writes 64 bits; false where they cannot be written.</summary>
    /// <inheritdoc cref="TryWrite32"/>
    public bool TryWrite64(int offset, ulong value)
    {
        if (!Hold())
        {
            return memory.TryWrite(address + (ulong)offset, value);
        }

        MemoryMarshal.Write(lease.Span[offset..], value);
        return true;
    }

    /// <summary>Lets go of the memory until it is used again.</summary>
    public void Release()
    {
        if (isHeld)
        {
            lease.Dispose();
        }

        isHeld = false;
        isRefused = false;
    }

    private bool Hold()
    {
        if (isHeld)
        {
            return true;
        }

        // Memory that can only be copied stays so until the driver changes what it shows, and that lets go of everything.
        if (isRefused || !memory.TryLease(address, length, access, out lease))
        {
            isRefused = true;
            return false;
        }

        isHeld = true;
        return true;
    }
}
