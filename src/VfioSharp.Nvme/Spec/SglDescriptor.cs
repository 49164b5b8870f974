namespace VfioSharp.Nvme.Spec;

/// <summary>An SGL descriptor, 16 bytes (NVM Express Base 2.0, 4.4.1).</summary>
/// <param name="Address">Bytes 0 to 7: where the data or the next segment is.</param>
/// <param name="Rest">Bytes 8 to 15: length, reserved bytes, and the identifier in the last one.</param>
internal readonly record struct SglDescriptor(ulong Address, ulong Rest)
{
    /// <summary>Its own length in bytes.</summary>
    public const int Length = 16;

    /// <summary>Of what it describes, in bytes; of a segment a multiple of 16.</summary>
    public uint DataLength => (uint)Rest;

    /// <summary>What it describes.</summary>
    public SglType Type => (SglType)(Rest >> 60);

    /// <summary>How the address is meant: 0 for an address.</summary>
    public int Subtype => (int)(Rest >> 56) & 0xF;

    /// <summary>A descriptor of an address.</summary>
    public static SglDescriptor Of(SglType type, ulong address, uint length) => new(address, length | ((ulong)type << 60));
}
