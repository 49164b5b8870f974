using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Wire;

/// <summary>Writes what follows a message's header, front to back.</summary>
/// <param name="room">Room for all of it.</param>
internal ref struct MessageWriter(Span<byte> room)
{
    private readonly Span<byte> room = room;

    /// <summary>How many bytes have been written.</summary>
    public int Length { get; private set; }

    /// <summary>Adds a structure.</summary>
    public void Write<T>(in T value)
        where T : unmanaged
    {
        MemoryMarshal.Write(room[Length..], in value);
        Length += (int)NativeSize.Of<T>();
    }

    /// <summary>Adds bytes.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(room[Length..]);
        Length += bytes.Length;
    }

    /// <summary>Adds room for bytes, to be filled by the caller.</summary>
    public Span<byte> Take(int length)
    {
        Span<byte> taken = room.Slice(Length, length);
        Length += length;
        return taken;
    }
}
