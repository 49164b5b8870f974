using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tracing;

/// <summary>Shows messages as lines of text: <c>-></c> to the server, <c>&lt;-</c> from it, at whichever end.</summary>
/// <param name="write">Takes a line.</param>
/// <param name="isServer">Whether this is the server's end.</param>
internal sealed class MessageTrace(Action<string> write, bool isServer) : IMessageTrace
{
    /// <inheritdoc/>
    public void Show(bool isIncoming, MessageHeader header, ReadOnlySpan<byte> payload, int descriptors) =>
        write($"{(isIncoming == isServer ? "->" : "<-")} {MessageText.Describe(header, payload, descriptors)}");
}
