using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tracing;

/// <summary>Shows messages as lines of text.</summary>
/// <param name="write">Takes a line.</param>
internal sealed class MessageTrace(Action<string> write) : IMessageTrace
{
    /// <inheritdoc/>
    public void Show(bool isIncoming, MessageHeader header, ReadOnlySpan<byte> payload, int descriptors) =>
        write($"{(isIncoming ? "->" : "<-")} {MessageText.Describe(header, payload, descriptors)}");
}
