using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Nvme;

/// <summary>Moves blocks in order, a piece after another.</summary>
/// <param name="session">The controller.</param>
/// <param name="target">The namespace.</param>
/// <param name="progress">Is told how many bytes are done.</param>
internal sealed class BlockTransfer(NvmeSession session, NvmeNamespaceInfo target, Action<long> progress)
{
    private const int PieceLength = 1 << 20;

    private int PieceBlocks => Math.Max(1, Math.Min(PieceLength, session.Driver.Controller.MaxTransferLength) / target.BlockSize);

    /// <summary>Reads blocks, and gives them away in order.</summary>
    public async Task ReadAsync(ulong first, ulong count, Action<ReadOnlySpan<byte>> take, CancellationToken stop)
    {
        int piece = PieceBlocks;
        using DmaBuffer buffer = session.Function.Dma.Allocate((long)piece * target.BlockSize);
        await using NvmeQueue queue = await session.Driver.CreateQueueAsync(new NvmeQueueOptions { Depth = 2 }, stop).ConfigureAwait(false);
        for (ulong done = 0; done < count; done += (ulong)piece)
        {
            stop.ThrowIfCancellationRequested();
            int blocks = (int)Math.Min((ulong)piece, count - done);
            await queue.ReadAsync(target, first + done, blocks, buffer).ConfigureAwait(false);
            take(buffer.Span[..(blocks * target.BlockSize)]);
            progress((long)(done + (ulong)blocks) * target.BlockSize);
        }
    }

    /// <summary>Writes what a stream holds, to its end.</summary>
    /// <param name="first">The first block.</param>
    /// <param name="limit">How many blocks there are room for.</param>
    /// <param name="source">What to write.</param>
    /// <param name="pad">Fill the last block up with zeros.</param>
    /// <param name="forceUnitAccess">Each piece is on the medium before the next is begun.</param>
    /// <param name="stop">Ends between two pieces; what was written stays.</param>
    /// <returns>How many blocks were written.</returns>
    /// <exception cref="CliException">It is longer than there is room for, or ends within a block.</exception>
    public async Task<ulong> WriteAsync(ulong first, ulong limit, Stream source, bool pad, bool forceUnitAccess, CancellationToken stop)
    {
        int piece = PieceBlocks;
        using DmaBuffer buffer = session.Function.Dma.Allocate((long)piece * target.BlockSize);
        await using NvmeQueue queue = await session.Driver.CreateQueueAsync(new NvmeQueueOptions { Depth = 2 }, stop).ConfigureAwait(false);
        ulong done = 0;
        while (true)
        {
            int length = await source.ReadAtLeastAsync(buffer.Memory, (int)buffer.Length, throwOnEndOfStream: false, stop).ConfigureAwait(false);
            int rest = length % target.BlockSize;
            if (rest != 0)
            {
                if (!pad)
                {
                    throw new CliException(ExitStatus.Usage,
                        $"the data ends {rest} bytes into a block of {target.BlockSize}: --pad fills the block up with zeros ({done} whole blocks were written)");
                }

                buffer.Span.Slice(length, target.BlockSize - rest).Clear();
                length += target.BlockSize - rest;
            }

            int blocks = length / target.BlockSize;
            if ((ulong)blocks > limit - done)
            {
                throw new CliException(ExitStatus.Usage, $"the data does not fit: {limit} blocks are left in namespace {target.Id} ({done} were written)");
            }

            if (blocks > 0)
            {
                await queue.WriteAsync(target, first + done, blocks, buffer, forceUnitAccess: forceUnitAccess).ConfigureAwait(false);
                done += (ulong)blocks;
                progress((long)done * target.BlockSize);
            }

            if (blocks < piece)
            {
                return done;
            }
        }
    }
}
