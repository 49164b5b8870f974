using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;

namespace VfioSharp.VfioUser.Server;

/// <summary>Memory that is reached by messages.</summary>
internal sealed class MessageRegion(Iova start, ulong length, DmaAccess access, IClientMemory client) : MemoryRegion(start, length, access)
{
    /// <inheritdoc/>
    public override bool TryRead(ulong offset, Span<byte> destination) => client.TryRead(Start.Value + offset, destination);

    /// <inheritdoc/>
    public override bool TryWrite(ulong offset, ReadOnlySpan<byte> source) => client.TryWrite(Start.Value + offset, source);

    /// <inheritdoc/>
    public override bool TryGetMemory(ulong offset, int length, out Memory<byte> memory)
    {
        memory = default;
        return false;
    }
}
