using VfioSharp.Devices.Interop;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>What a hostile client has to do it with. What it leaves open is closed when the case is over.</summary>
/// <param name="street">The functions served.</param>
internal sealed class Attack(Street street) : IDisposable
{
    private readonly List<IDisposable> held = [];

    /// <summary>The function that is attacked, where it is one.</summary>
    public House House => street.Targets[0];

    /// <summary>All that may be attacked.</summary>
    public IReadOnlyList<House> Houses => street.Targets;

    /// <summary>How often to do something that is done <paramref name="usual"/> times where there is little time.</summary>
    public static int Times(int usual, int longFactor = 10) => Fuzz.Iterations(usual, longFactor);

    /// <summary>Connects and says nothing.</summary>
    public RawClient Connect(House? house = null) => Hold(RawClient.Connect((house ?? House).Path));

    /// <summary>Connects and becomes the function's client.</summary>
    public RawClient Greet(House? house = null, string capabilities = Payloads.Capabilities) => Hold(RawClient.Greet((house ?? House).Path, capabilities));

    /// <summary>Memory to be shown; the server can forbid that it becomes shorter unless it is not <paramref name="sealable"/>.</summary>
    public FileDescriptor Memory(long length, bool sealable = true) => Hold(MemoryFile.Create(
        "hostile", length, sealable ? MemoryFileFlags.MFD_ALLOW_SEALING : 0, out Errno error) ?? throw new IOException($"memfd_create: {error}")).File;

    /// <summary>An eventfd that blocks, or does not.</summary>
    public EventFd EventFd(bool blocks = false) =>
        Hold(Devices.Interop.EventFd.Create(blocks ? 0 : EventFdFlags.EFD_NONBLOCK, out Errno error) ?? throw new IOException($"eventfd: {error}"));

    /// <summary>A file by its path.</summary>
    public FileDescriptor Open(string path, int flags = OpenFlags.O_RDWR) =>
        Hold(FileDescriptor.Open(path, flags, out Errno error) ?? throw new IOException($"{path}: {error}"));

    /// <summary>Closes it when the case is over.</summary>
    public T Hold<T>(T item)
        where T : IDisposable
    {
        held.Add(item);
        return item;
    }

    public void Dispose()
    {
        for (int i = held.Count - 1; i >= 0; i--)
        {
            held[i].Dispose();
        }
    }
}
