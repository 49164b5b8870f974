namespace VfioSharp.Pci.Snapshots;

/// <summary>Reads another stream forwards, after the bytes that were taken from it to look at, and refuses to go beyond a length.</summary>
internal sealed class BoundedStream(Stream inner, ReadOnlyMemory<byte> head, long maxLength) : Stream
{
    private ReadOnlyMemory<byte> head = head;
    private long length;

    /// <summary>Whether a read met the end.</summary>
    public bool AtEnd { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int count;
        if (!head.IsEmpty)
        {
            count = Math.Min(head.Length, buffer.Length);
            head.Span[..count].CopyTo(buffer);
            head = head[count..];
        }
        else
        {
            count = inner.Read(buffer);
        }

        AtEnd |= count == 0 && buffer.Length > 0;
        length += count;
        return length <= maxLength
            ? count
            : throw new SnapshotLimitException($"The snapshot is more than {maxLength >> 20} MiB ({maxLength} bytes) unpacked, which is the limit.");
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
