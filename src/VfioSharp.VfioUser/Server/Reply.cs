using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>What a command is replied with: its bytes stand in the room that the stream has reserved.</summary>
/// <param name="Length">How many bytes.</param>
internal readonly record struct Reply(int Length)
{
    /// <summary>What goes with it; kept open by whoever served it.</summary>
    public FileDescriptor[] Files { get => field ?? []; init; }

    /// <summary>A structure.</summary>
    public static Reply Of<T>(MessageStream stream, in T value)
        where T : unmanaged
    {
        var writer = new MessageWriter(stream.Reserve((int)NativeSize.Of<T>()));
        writer.Write(in value);
        return new Reply(writer.Length);
    }

    /// <summary>Bytes.</summary>
    public static Reply Of(MessageStream stream, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(stream.Reserve(bytes.Length));
        return new Reply(bytes.Length);
    }
}
