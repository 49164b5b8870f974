using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Transport;

/// <summary>Is shown every message of a connection, whole, in the order in which they are worked off or sent. Any thread, one call at a time a connection.</summary>
internal interface IMessageTrace
{
    void Show(bool isIncoming, MessageHeader header, ReadOnlySpan<byte> payload, int descriptors);
}
