using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Transport;

/// <summary>A message as it lies in the buffer that it was received into: good until the next is taken.</summary>
/// <param name="header">Its header.</param>
/// <param name="payload">What follows the header.</param>
internal readonly ref struct Message(MessageHeader header, ReadOnlySpan<byte> payload)
{
    public MessageHeader Header { get; } = header;

    public ReadOnlySpan<byte> Payload { get; } = payload;
}
