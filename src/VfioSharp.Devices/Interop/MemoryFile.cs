namespace VfioSharp.Devices.Interop;

internal sealed class MemoryFile : IDisposable
{
    public FileDescriptor Descriptor => throw new NotImplementedException();

    public static MemoryFile Create(string name, ulong length) => throw new NotImplementedException();

    public void Write(ReadOnlySpan<byte> data, ulong offset) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
