using System.IO.Pipes;
using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>A pipe that has no room, so that a write to it waits for ever, and one that has.</summary>
internal sealed class Pipes : IDisposable
{
    private const int PageLength = 4096;

    private readonly AnonymousPipeServerStream full = new(PipeDirection.Out);
    private readonly AnonymousPipeServerStream empty = new(PipeDirection.Out);

    public Pipes()
    {
        Full = Open(full);
        Empty = Open(empty);
        byte[] page = new byte[PageLength];
        while (Full.Write(page, out _) == Errno.None)
        {
        }
    }

    public FileDescriptor Full { get; }

    public FileDescriptor Empty { get; }

    /// <summary>Whether nobody has written to the one that has room.</summary>
    public bool IsUntouched
    {
        get
        {
            using FileDescriptor reader = FileDescriptor.Open($"/proc/self/fd/{empty.ClientSafePipeHandle.DangerousGetHandle()}", OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK, out _)!;
            return reader.Read(new byte[8], out _) == Errno.EAGAIN;
        }
    }

    public void Dispose()
    {
        Full.Dispose();
        Empty.Dispose();
        full.Dispose();
        empty.Dispose();
    }

    private static FileDescriptor Open(AnonymousPipeServerStream pipe) =>
        FileDescriptor.Open($"/proc/self/fd/{pipe.SafePipeHandle.DangerousGetHandle()}", OpenFlags.O_WRONLY | OpenFlags.O_NONBLOCK, out Errno error) ?? throw new IOException($"pipe: {error}");
}
