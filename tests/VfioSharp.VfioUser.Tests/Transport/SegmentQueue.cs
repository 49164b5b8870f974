using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Transport;

namespace VfioSharp.VfioUser.Tests.Transport;

/// <summary>
/// A UNIX stream socket's queue as the kernel reads it (unix_stream_read_generic(), net/unix/af_unix.c): a read goes on from segment to segment, and ends
/// behind the first that it took descriptors from, or within one that is longer than what is left of the room.
/// </summary>
internal sealed class SegmentQueue
{
    private readonly Queue<Segment> segments = [];
    private int consumed;

    public bool IsEmpty => segments.Count == 0;

    public void Send(byte[] bytes, params FileDescriptor[] files) => segments.Enqueue(new Segment(bytes, files));

    /// <summary>Receives at most so many bytes into a buffer, as a call does.</summary>
    /// <returns>How many bytes.</returns>
    public int ReadInto(InputBuffer input, int most = int.MaxValue) => ReadInto(input, most, out _);

    /// <inheritdoc cref="ReadInto(InputBuffer, int)"/>
    public int ReadInto(InputBuffer input, int most, out FileDescriptor[] came)
    {
        Span<byte> room = input.Room();
        room = room[..Math.Min(room.Length, most)];
        var files = new List<FileDescriptor>();
        int count = 0;
        while (count < room.Length && files.Count == 0 && segments.TryPeek(out Segment? segment))
        {
            ReadOnlySpan<byte> rest = segment.Bytes.AsSpan(consumed);
            rest = rest[..Math.Min(rest.Length, room.Length - count)];
            rest.CopyTo(room[count..]);
            count += rest.Length;
            if (consumed == 0)
            {
                files.AddRange(segment.Files);
            }

            consumed += rest.Length;
            if (consumed < segment.Bytes.Length)
            {
                break;
            }

            segments.Dequeue();
            consumed = 0;
        }

        came = [.. files];
        input.Add(count, files);
        files.ShouldBeEmpty("the list is left to the caller, empty");
        return count;
    }
}
