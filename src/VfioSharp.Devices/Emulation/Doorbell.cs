namespace VfioSharp.Devices.Emulation;

/// <summary>
/// A register that is only ever written, to tell the function that there is something to do. A host can ring it by a descriptor (an ioeventfd) instead of
/// a message: that costs nobody a round trip, and of several rings one may be all that arrives.
/// </summary>
/// <param name="Offset">In its BAR, in bytes; a multiple of the width.</param>
/// <param name="Width">Of the write that rings it: 1, 2, 4 or 8 bytes.</param>
/// <param name="Value">The only value that rings it; null where any does.</param>
public readonly record struct Doorbell(ulong Offset, int Width, ulong? Value = null);
