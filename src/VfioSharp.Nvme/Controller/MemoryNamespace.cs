using System.Diagnostics.CodeAnalysis;
using VfioSharp.Devices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Nvme.Controller;

/// <summary>A namespace in memory: data is copied once, between it and the driver's memory.</summary>
internal sealed class MemoryNamespace : NvmeNamespace
{
    private const int CompareLength = 4096;

    private readonly BackingMemory medium;
    private readonly byte[] compared = new byte[CompareLength];

    /// <exception cref="PciException">The host has not that much memory.</exception>
    [SuppressMessage("Reliability", "CA2000", Justification = "It is kept.")]
    public MemoryNamespace(long length, int blockSize)
        : base(length, blockSize, isReadOnly: false) => medium = BackingMemory.Take(length, out Errno error)
            ?? throw new PciException("make a namespace", $"{length} bytes of memory cannot be had: {error}", errorNumber: (int)error);

    /// <inheritdoc/>
    internal override bool HasVolatileCache => false;

    /// <inheritdoc/>
    internal override void Enter()
    {
        bool isTaken = false;
        medium.DangerousAddRef(ref isTaken);
    }

    /// <inheritdoc/>
    internal override void Leave() => medium.DangerousRelease();

    /// <inheritdoc/>
    internal override NvmeStatus Read(long offset, GuestBuffer data) =>
        data.TryWrite(medium.Slice(offset, data.Length)) ? NvmeStatus.Success : NvmeStatus.DataTransferError;

    /// <inheritdoc/>
    internal override NvmeStatus Write(long offset, GuestBuffer data, bool isDurable) =>
        data.TryRead(medium.Slice(offset, data.Length)) ? NvmeStatus.Success : NvmeStatus.DataTransferError;

    /// <inheritdoc/>
    internal override NvmeStatus Compare(long offset, GuestBuffer data)
    {
        foreach (ref readonly GuestSegment segment in data.Segments)
        {
            for (int done = 0; done < segment.Length;)
            {
                Span<byte> piece = compared.AsSpan(0, Math.Min(CompareLength, segment.Length - done));
                if (segment.IsBucket || !data.Memory.TryRead(segment.Address + (ulong)done, piece))
                {
                    return NvmeStatus.DataTransferError;
                }

                if (!piece.SequenceEqual(medium.Slice(offset, piece.Length)))
                {
                    return NvmeStatus.CompareFailure;
                }

                offset += piece.Length;
                done += piece.Length;
            }
        }

        return NvmeStatus.Success;
    }

    /// <inheritdoc/>
    internal override NvmeStatus Zero(long offset, long length, bool isDurable) => Deallocate(offset, length);

    /// <inheritdoc/>
    internal override NvmeStatus Deallocate(long offset, long length)
    {
        medium.Clear(offset, length);
        return NvmeStatus.Success;
    }

    /// <inheritdoc/>
    internal override NvmeStatus Flush() => NvmeStatus.Success;

    /// <inheritdoc/>
    private protected override void Dispose(bool disposing) => medium.Dispose();
}
