using System.IO.MemoryMappedFiles;
using VfioSharp.Devices.Dma;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Tests.Contract;

/// <summary>What DMA keeps to.</summary>
internal static class DmaChecks
{
    public static IEnumerable<ContractCheck> All =>
    [
        new("The function copies from one buffer to another and back", ContractFeatures.Dma, Copies),
        new("The function copies bytes at any offset, and no byte more", ContractFeatures.Dma, Offsets),
        new("Buffers have addresses apart, in the function's ranges and within its mask", ContractFeatures.Dma, Addresses),
        new("The first and last page of the usable addresses can be used", ContractFeatures.Dma, Edges),
        new("An address outside the ranges, or taken, is refused", ContractFeatures.Dma, BadAddresses),
        new("Memory that was taken away is reached no more", ContractFeatures.Dma, Unmapped),
        new("Memory of the caller's can be shown, and stays after that", ContractFeatures.Dma, ForeignMemory),
        new("Nothing is copied while bus mastering is off", ContractFeatures.Dma, BusMastering),
    ];

    private static Task Copies(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        int length = subject.MaxCopy;
        using DmaBuffer first = Allocate(rig, subject, length);
        using DmaBuffer second = Allocate(rig, subject, length);
        Contract.Holds(second.Span.IndexOfAnyExcept((byte)0) < 0, "a new buffer is not zeroed");
        byte[] expected = Pattern(length, 1);
        expected.CopyTo(first.Span);
        await rig.CopyAsync(first.Iova, second.Iova, length, stop);
        Contract.Same(second.Span, expected, "the copy");
        expected = Pattern(length, 2);
        expected.CopyTo(second.Span);
        await rig.CopyAsync(second.Iova, first.Iova, length, stop);
        Contract.Same(first.Span, expected, "the copy back");
    });

    private static Task Offsets(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        int page = (int)rig.Function.Dma.PageSize;
        using DmaBuffer source = Allocate(rig, subject, 2L * page);
        using DmaBuffer target = Allocate(rig, subject, 2L * page);
        byte[] pattern = Pattern(2 * page, 3);
        pattern.CopyTo(source.Span);
        foreach ((int from, int to, int length) in ((int, int, int)[])[(0, 0, 1), (3, 5, 7), (page - 8, page - 4, 16), (2 * page - 4, 0, 4), (8, 2 * page - 64, 64)])
        {
            target.Span.Fill(0xEE);
            await rig.CopyAsync(source.Iova + (ulong)from, target.Iova + (ulong)to, length, stop);
            Contract.Same(target.Slice(to, length), pattern.AsSpan(from, length), $"the copy of {length} bytes from {from} to {to}");
            Contract.Holds(target.Slice(0, to).IndexOfAnyExcept((byte)0xEE) < 0, $"bytes before the copy to {to} changed");
            Contract.Holds(target.Slice(to + length, 2 * page - to - length).IndexOfAnyExcept((byte)0xEE) < 0, $"bytes behind the copy to {to} changed");
        }
    });

    private static Task Addresses(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        List<DmaBuffer> buffers = [];
        try
        {
            for (int i = 0; i < 16; i++)
            {
                buffers.Add(Allocate(rig, subject, 1 + (i * 1000)));
            }

            foreach (DmaBuffer buffer in buffers)
            {
                Iova last = buffer.Iova + (ulong)(buffer.Length - 1);
                Contract.Holds(last.Value <= subject.AddressMask, $"{last} is beyond what the function can send");
                Contract.Holds(rig.Function.Dma.Ranges.Any(range => range.First <= buffer.Iova && last <= range.Last), $"{buffer.Iova} is in no range");
                Contract.Holds(buffer.Iova.Value % rig.Function.Dma.PageSize == 0, $"{buffer.Iova} is no page's start");
                Contract.Holds(!buffers.Exists(other => other != buffer && buffer.Iova <= other.Iova && other.Iova <= last), $"two buffers share {buffer.Iova}");
            }
        }
        finally
        {
            buffers.ForEach(buffer => buffer.Dispose());
        }

        return Task.CompletedTask;
    });

    private static Task Edges(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        ulong page = Math.Max(rig.Function.Dma.PageSize, (ulong)Environment.SystemPageSize);
        int length = (int)Math.Min((ulong)subject.MaxCopy, page);
        IovaRange[] ranges = [.. rig.Function.Dma.Ranges.Where(range => range.First.Value < subject.AddressMask)];
        ulong lowest = (ranges[0].First.Value + page - 1) & ~(page - 1);
        ulong highest = (Math.Min(ranges[^1].Last.Value, subject.AddressMask) & ~(page - 1)) - (Math.Min(ranges[^1].Last.Value, subject.AddressMask) % page == page - 1 ? 0 : page);
        foreach (ulong edge in (ulong[])[lowest, highest])
        {
            using DmaBuffer there = rig.Function.Dma.Allocate((long)page, new DmaOptions { At = new Iova(edge) });
            using DmaBuffer here = Allocate(rig, subject, (long)page);
            Contract.Equal(there.Iova.Value, edge, "the address that was asked for");
            byte[] expected = Pattern(length, (int)edge);
            expected.CopyTo(here.Span);
            await rig.CopyAsync(here.Iova, there.Iova + (page - (ulong)length), length, stop);
            Contract.Same(there.Span[(int)(page - (ulong)length)..], expected, $"the copy to the page at 0x{edge:x}");
        }
    });

    private static Task BadAddresses(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        using DmaBuffer buffer = Allocate(rig, subject, 4096);
        Contract.Throws<ArgumentException>(() => rig.Function.Dma.Allocate(4096, new DmaOptions { At = buffer.Iova }), "an address that is taken");
        Contract.Throws<ArgumentException>(() => rig.Function.Dma.Allocate(4096, new DmaOptions { At = buffer.Iova + 1 }), "an address that is no page's start");
        Contract.Throws<ArgumentOutOfRangeException>(() => rig.Function.Dma.Allocate(0), "no memory");
        Iova last = rig.Function.Dma.Ranges[^1].Last;
        if (last.Value < ulong.MaxValue)
        {
            Contract.Throws<ArgumentException>(() => rig.Function.Dma.Allocate(4096, new DmaOptions { At = last + 1 }), "an address beyond the ranges");
        }

        return Task.CompletedTask;
    });

    private static Task Unmapped(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        using MemoryMappedFile file = MemoryMappedFile.CreateNew(null, Environment.SystemPageSize);
        using MemoryMappedViewAccessor view = file.CreateViewAccessor();
        byte[] secret = Pattern(64, 4);
        view.WriteArray(0, secret, 0, secret.Length);
        using DmaBuffer other = Allocate(rig, subject, Environment.SystemPageSize);
        DmaBuffer gone = rig.Function.Dma.Map(view.SafeMemoryMappedViewHandle, new DmaOptions { AddressMask = subject.AddressMask });
        Iova stale = gone.Iova;
        await rig.CopyAsync(stale, other.Iova, secret.Length, stop);
        Contract.Same(other.Span[..secret.Length], secret, "the copy while the memory is shown");

        gone.Dispose();
        Contract.Throws<ObjectDisposedException>(() => _ = gone.Span, "the span of a disposed buffer");
        other.Span.Clear();
        await rig.CopyAsync(stale, other.Iova, secret.Length, stop);
        Contract.Holds(!other.Span[..secret.Length].SequenceEqual(secret), "the function read memory that was taken away");
        other.Span.Fill(0xDD);
        await rig.CopyAsync(other.Iova, stale, secret.Length, stop);
        byte[] left = new byte[secret.Length];
        view.ReadArray(0, left, 0, left.Length);
        Contract.Same(left, secret, "memory that was taken away");
    });

    private static Task ForeignMemory(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        using MemoryMappedFile file = MemoryMappedFile.CreateNew(null, 2L * Environment.SystemPageSize);
        using MemoryMappedViewAccessor view = file.CreateViewAccessor();
        byte[] expected = Pattern(64, 5);
        using DmaBuffer source = Allocate(rig, subject, Environment.SystemPageSize);
        expected.CopyTo(source.Span);
        using (DmaBuffer shown = rig.Function.Dma.Map(view.SafeMemoryMappedViewHandle, new DmaOptions { AddressMask = subject.AddressMask }))
        {
            await rig.CopyAsync(source.Iova, shown.Iova + (ulong)Environment.SystemPageSize, expected.Length, stop);
        }

        byte[] left = new byte[expected.Length];
        view.ReadArray(Environment.SystemPageSize, left, 0, left.Length);
        Contract.Same(left, expected, "memory of the caller's");
    });

    private static Task BusMastering(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        using DmaBuffer source = Allocate(rig, subject, 4096);
        using DmaBuffer target = Allocate(rig, subject, 4096);
        source.Span.Fill(0x77);
        rig.Function.Configuration.SetCommand(PciCommand.BusMaster, false);
        await rig.CopyAsync(source.Iova, target.Iova, 64, stop);
        Contract.Holds(!target.Span[..64].Contains((byte)0x77), "the function copies though it may send nothing");
        rig.Function.Configuration.SetCommand(PciCommand.BusMaster, true);
        await rig.CopyAsync(source.Iova, target.Iova, 64, stop);
        Contract.Holds(target.Span[..64].IndexOfAnyExcept((byte)0x77) < 0, "the function does not copy though it may");
    });

    private static DmaBuffer Allocate(ContractRig rig, ContractSubject subject, long length) =>
        rig.Function.Dma.Allocate(length, new DmaOptions { AddressMask = subject.AddressMask });

    private static byte[] Pattern(int length, int seed)
    {
        byte[] pattern = new byte[length];
        new Random(seed).NextBytes(pattern);
        return pattern;
    }
}
