using System.Buffers.Binary;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Nvme.Tests.Schedules;

/// <summary>
/// What blocks may hold: what was written last where that is known, else what any write that may or may not have been carried out left. A block holds a
/// stamp over and over; 0 is zeros. Each block has one user at a time.
/// </summary>
internal sealed class BlockModel(int blocks, int blockSize)
{
    private readonly HashSet<ulong>[] possible = [.. Enumerable.Range(0, blocks).Select(_ => new HashSet<ulong> { 0 })];
    private ulong stamps;

    public int BlockSize => blockSize;

    /// <summary>A stamp that no block has had.</summary>
    public ulong NewStamp(FuzzRandom random) => (random.Next() << 24) | Interlocked.Increment(ref stamps);

    public void Fill(Span<byte> data, ulong stamp)
    {
        for (int at = 0; at < data.Length; at += sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(data[at..], stamp);
        }
    }

    /// <summary>Blocks are being written: until it is known how that ended, they hold one or the other.</summary>
    public void Begin(int first, int count, ulong stamp)
    {
        for (int block = first; block < first + count; block++)
        {
            possible[block].Add(stamp);
        }
    }

    /// <summary>They were written.</summary>
    public void Wrote(int first, int count, ulong stamp)
    {
        for (int block = first; block < first + count; block++)
        {
            possible[block].Clear();
            possible[block].Add(stamp);
        }
    }

    /// <summary>They were read: what they hold is among what they may, and is known from now on.</summary>
    public void Read(int first, int count, ReadOnlySpan<byte> data)
    {
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> block = data.Slice(i * blockSize, blockSize);
            ulong stamp = BinaryPrimitives.ReadUInt64LittleEndian(block);
            bool isWhole = true;
            for (int at = 0; at < block.Length; at += sizeof(ulong))
            {
                isWhole &= BinaryPrimitives.ReadUInt64LittleEndian(block[at..]) == stamp;
            }

            if (!isWhole || !possible[first + i].Contains(stamp))
            {
                throw new InvalidDataException(
                    $"block {first + i} holds {(isWhole ? "" : "a mix that starts with ")}{stamp:x}, and may hold {string.Join(" or ", possible[first + i].Select(each => $"{each:x}"))}");
            }

            possible[first + i].Clear();
            possible[first + i].Add(stamp);
        }
    }
}
