using VfioSharp.Cli.Nvme;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Demo;

/// <summary>Random data written, flushed, read back and compared, each command awaited by its interrupt.</summary>
/// <param name="Pieces">How many writes, and how many reads.</param>
/// <param name="PieceLength">Of each, in bytes.</param>
/// <param name="Differences">How many came back otherwise.</param>
internal sealed record VerifiedRun(int Pieces, int PieceLength, int Differences)
{
    private const int Length = 16 << 10;
    private const int Count = 256;

    /// <summary>Does it.</summary>
    public static async Task<VerifiedRun> RunAsync(NvmeSession session, CancellationToken stop)
    {
        NvmeNamespaceInfo target = session.Driver.Namespaces[0];
        int blocks = Length / target.BlockSize;
        using DmaBuffer written = session.Function.Dma.Allocate((long)Count * Length);
        using DmaBuffer read = session.Function.Dma.Allocate((long)Count * Length);
        Random.Shared.NextBytes(written.Span);
        await using NvmeQueue queue = await session.Driver.CreateQueueAsync(new NvmeQueueOptions { Depth = Count }, stop).ConfigureAwait(false);
        await Task.WhenAll(Places().Select(place => queue.WriteAsync(target, (ulong)(place * blocks), blocks, written, (long)place * Length).AsTask())).ConfigureAwait(false);
        await queue.FlushAsync(target).ConfigureAwait(false);
        await Task.WhenAll(Places().Select(place => queue.ReadAsync(target, (ulong)(place * blocks), blocks, read, (long)place * Length).AsTask())).ConfigureAwait(false);
        return new VerifiedRun(Count, Length, Places().Count(place => !Piece(written, place).SequenceEqual(Piece(read, place))));

        static IEnumerable<int> Places() => Enumerable.Range(0, Count);
        static Span<byte> Piece(DmaBuffer buffer, int place) => buffer.Slice((long)place * Length, Length);
    }
}
