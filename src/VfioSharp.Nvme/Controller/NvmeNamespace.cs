using System.Numerics;
using VfioSharp.Devices;

namespace VfioSharp.Nvme.Controller;

/// <summary>What an <see cref="NvmeController"/> keeps data in: a row of logical blocks. Disposed by whoever made it, after the controllers that use it.</summary>
public abstract class NvmeNamespace : IDisposable
{
    /// <summary>The smallest logical block in bytes.</summary>
    private const int MinBlockSize = 512;

    /// <summary>The largest in bytes.</summary>
    private const int MaxBlockSize = 4096;

    private protected NvmeNamespace(long length, int blockSize, bool isReadOnly)
    {
        Length = length;
        BlockSize = blockSize;
        BlockShift = BitOperations.Log2((uint)blockSize);
        IsReadOnly = isReadOnly;
    }

    /// <summary>In bytes, a multiple of <see cref="BlockSize"/>.</summary>
    public long Length { get; }

    /// <summary>Of a logical block, in bytes: 512 or 4096.</summary>
    public int BlockSize { get; }

    /// <summary>Whether it can only be read.</summary>
    public bool IsReadOnly { get; }

    /// <summary>The logical block as a power of two of bytes.</summary>
    internal int BlockShift { get; }

    /// <summary>Whether what is written may be lost with power before it is flushed.</summary>
    internal abstract bool HasVolatileCache { get; }

    /// <summary>A namespace in memory, all zeros, which goes when it is disposed. What is never written takes no memory.</summary>
    /// <param name="length">In bytes, at least a block and a multiple of it.</param>
    /// <param name="blockSize">Of a logical block, in bytes: 512 or 4096.</param>
    /// <exception cref="ArgumentException">An argument is none of that.</exception>
    /// <exception cref="PciException">The host has not that much memory.</exception>
    public static NvmeNamespace InMemory(long length, int blockSize = MinBlockSize)
    {
        CheckGeometry(length, blockSize);
        return new MemoryNamespace(length, blockSize);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Fails where blocks of that size cannot make that length.</summary>
    internal static void CheckGeometry(long length, int blockSize)
    {
        if (blockSize is not (MinBlockSize or MaxBlockSize))
        {
            throw new ArgumentException($"blocks of {blockSize} bytes: a namespace has blocks of {MinBlockSize} or {MaxBlockSize}", nameof(blockSize));
        }

        if (length < blockSize || length % blockSize != 0)
        {
            throw new ArgumentException($"{length} bytes are not a whole number of blocks of {blockSize}", nameof(length));
        }
    }

    /// <summary>A controller uses it from now on: it stays, disposed or not, until <see cref="Leave"/>.</summary>
    internal abstract void Enter();

    /// <summary>A controller does not use it any more.</summary>
    internal abstract void Leave();

    /// <summary>Moves data to the driver.</summary>
    /// <param name="offset">In bytes; all of the data lies in the namespace.</param>
    /// <param name="data">Where to.</param>
    internal abstract NvmeStatus Read(long offset, GuestBuffer data);

    /// <summary>Moves data from the driver.</summary>
    /// <param name="offset">In bytes; all of the data lies in the namespace.</param>
    /// <param name="data">Where from.</param>
    /// <param name="isDurable">Whether it is to survive a loss of power once this returns.</param>
    internal abstract NvmeStatus Write(long offset, GuestBuffer data, bool isDurable);

    /// <summary>Compares data with the driver's.</summary>
    /// <inheritdoc cref="Read"/>
    internal abstract NvmeStatus Compare(long offset, GuestBuffer data);

    /// <summary>Writes zeros.</summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="length">In bytes; all lies in the namespace.</param>
    /// <param name="isDurable">Whether that is to survive a loss of power once this returns.</param>
    internal abstract NvmeStatus Zero(long offset, long length, bool isDurable);

    /// <summary>Forgets data, which reads as zeros from then on.</summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="length">In bytes; all lies in the namespace.</param>
    internal abstract NvmeStatus Deallocate(long offset, long length);

    /// <summary>Makes all that was written survive a loss of power.</summary>
    internal abstract NvmeStatus Flush();

    /// <summary>Gives back what it holds.</summary>
    /// <param name="disposing">Always.</param>
    private protected abstract void Dispose(bool disposing);
}
