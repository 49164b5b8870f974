namespace VfioSharp.VfioUser.Server;

/// <summary>Memory of a client that it has shown without a descriptor: read and written by messages, which it answers. Any thread; waits for the client.</summary>
internal interface IClientMemory
{
    /// <summary>Reads; false where the client refuses, or is gone.</summary>
    bool TryRead(ulong address, Span<byte> destination);

    /// <summary>Writes; false where the client refuses, or is gone.</summary>
    bool TryWrite(ulong address, ReadOnlySpan<byte> source);
}
