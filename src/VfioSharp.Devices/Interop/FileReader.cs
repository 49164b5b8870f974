using System.Buffers;

namespace VfioSharp.Devices.Interop;

/// <summary>Reads files whose reported length means nothing: sysfs says 4096 or 0, procfs 0, whatever they hold.</summary>
internal static class FileReader
{
    // More than a page, so that seq files (/proc/interrupts) come in few calls; sysfs gives at most a page a call.
    private const int FirstLength = 32 << 10;

    /// <summary>Reads from the file's position to its end.</summary>
    /// <param name="file">The file, open for reading.</param>
    /// <param name="limit">The most bytes to take; a longer file is EFBIG.</param>
    /// <param name="content">The bytes; empty where reading failed.</param>
    public static Errno ReadToEnd(FileDescriptor file, int limit, out byte[] content)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstLength);
        int length = 0;
        try
        {
            while (true)
            {
                Errno error = file.Read(buffer.AsSpan(length), out int count);
                length += count;
                if (error == Errno.None && length > limit)
                {
                    error = Errno.EFBIG;
                }

                if (error != Errno.None || count == 0)
                {
                    content = error == Errno.None ? buffer.AsSpan(0, length).ToArray() : [];
                    return error;
                }

                if (length == buffer.Length)
                {
                    buffer = Grow(buffer);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Grow(byte[] buffer)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
