using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>A memfd of a client's, with a name by which its mappings are found.</summary>
internal sealed class SharedFile : IDisposable
{
    private static int last;

    private readonly MemoryFile file;

    public SharedFile(long length, bool canSeal = true)
    {
        Name = $"test-{Interlocked.Increment(ref last)}";
        file = MemoryFile.Create(Name, length, canSeal ? MemoryFileFlags.MFD_ALLOW_SEALING : 0, out Errno _)!;
    }

    public string Name { get; }

    public FileDescriptor File => file.File;

    /// <summary>How many mappings of it this process has.</summary>
    public int Mappings => OpenFiles.MappingsOf(Name);

    public int Seals
    {
        get
        {
            file.GetSeals(out int seals).ShouldBe(Errno.None);
            return seals;
        }
    }

    public byte[] Read(long offset, int length)
    {
        byte[] bytes = new byte[length];
        File.PositionedRead(bytes, offset, out _).ShouldBe(Errno.None);
        return bytes;
    }

    public void Write(long offset, params byte[] bytes) => File.PositionedWrite(bytes, offset, out _).ShouldBe(Errno.None);

    public void Dispose() => file.Dispose();
}
