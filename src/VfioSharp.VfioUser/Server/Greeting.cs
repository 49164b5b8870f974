using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>What a client has said first (<c>VFIO_USER_VERSION</c>).</summary>
/// <param name="Header">The message's header, to be replied to.</param>
/// <param name="Minor">The version that both know.</param>
/// <param name="Client">What the client can do.</param>
/// <param name="HasCapabilities">Whether it said so; one that did not is not told either.</param>
internal sealed record Greeting(MessageHeader Header, ushort Minor, Capabilities Client, bool HasCapabilities)
{
    /// <summary>The version spoken here.</summary>
    public const ushort Major = 0;

    /// <inheritdoc cref="Major"/>
    public const ushort LastMinor = 2;

    /// <summary>Reads it; null where the client cannot be served.</summary>
    /// <param name="message">The first message.</param>
    /// <param name="fault">What is wrong with it.</param>
    public static Greeting? Read(in Message message, out string fault)
    {
        fault = "";
        if (message.Header is not { Command: MessageCommand.Version, IsCommand: true, WantsReply: true })
        {
            fault = "it did not begin by its version";
            return null;
        }

        if (!MemoryMarshal.TryRead(message.Payload, out VersionHeader version))
        {
            fault = "its version is cut off";
            return null;
        }

        if (version.Major != Major)
        {
            fault = $"it speaks version {version.Major}.{version.Minor}, not {Major}";
            return null;
        }

        ReadOnlySpan<byte> text = message.Payload[(int)NativeSize.Of<VersionHeader>()..];
        return CapabilitiesJson.TryRead(text, out Capabilities client, out fault)
            ? new Greeting(message.Header, Math.Min(version.Minor, LastMinor), client, !text.IsEmpty) : null;
    }
}
