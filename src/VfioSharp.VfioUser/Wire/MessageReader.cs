using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Wire;

/// <summary>Reads what follows a message's header, front to back. Whoever sent it may have sent anything: what is not there is told by false.</summary>
/// <param name="payload">The bytes behind the header.</param>
internal ref struct MessageReader(ReadOnlySpan<byte> payload)
{
    private ReadOnlySpan<byte> rest = payload;

    /// <summary>What has not been read yet.</summary>
    public readonly ReadOnlySpan<byte> Rest => rest;

    /// <summary>Takes a structure.</summary>
    public bool TryRead<T>(out T value)
        where T : unmanaged
    {
        if (!MemoryMarshal.TryRead(rest, out value))
        {
            return false;
        }

        rest = rest[(int)NativeSize.Of<T>()..];
        return true;
    }

    /// <summary>Takes bytes.</summary>
    public bool TryTake(uint length, out ReadOnlySpan<byte> bytes)
    {
        if (length > (uint)rest.Length)
        {
            bytes = default;
            return false;
        }

        bytes = rest[..(int)length];
        rest = rest[(int)length..];
        return true;
    }
}
