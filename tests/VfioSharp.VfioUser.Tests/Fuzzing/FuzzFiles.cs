using VfioSharp.Devices.Interop;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.VfioUser.Tests.Fuzzing;

/// <summary>Descriptors of all kinds that a client may send, whatever they are good for.</summary>
internal sealed class FuzzFiles : IDisposable
{
    private readonly List<IDisposable> owned = [];
    private readonly FileDescriptor[] all;

    /// <param name="memoryLength">How long the memory is, in bytes.</param>
    public FuzzFiles(ulong memoryLength)
    {
        Memory = Make((long)memoryLength, MemoryFileFlags.MFD_ALLOW_SEALING);
        Cut = Make((long)memoryLength, 0);
        Signal = Own(EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _)!).File;
        EventFd full = Own(EventFd.Create(0, out _)!);
        full.Signal(ulong.MaxValue - 1).ShouldBe(Errno.None);
        all = [Memory, Cut, Signal, full.File, Make(100, 0), Own(FileDescriptor.Open("/dev/null", OpenFlags.O_RDWR, out _)!)];
    }

    /// <summary>Memory that can be sealed.</summary>
    public FileDescriptor Memory { get; }

    /// <summary>Memory that its owner may cut short.</summary>
    public FileDescriptor Cut { get; }

    /// <summary>An eventfd.</summary>
    public FileDescriptor Signal { get; }

    /// <summary>Any.</summary>
    public FileDescriptor[] Pick(FuzzRandom random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Pick<FileDescriptor>(all))];

    public void Dispose() => owned.ForEach(file => file.Dispose());

    private FileDescriptor Make(long length, uint flags) => Own(MemoryFile.Create("hostile", length, flags, out Errno error) ?? throw new IOException($"memfd: {error}")).File;

    private T Own<T>(T file)
        where T : IDisposable
    {
        owned.Add(file);
        return file;
    }
}
