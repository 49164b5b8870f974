namespace VfioSharp.Samples;

/// <summary>The checksum of IEEE 802.3, as crc32_le(~0, …) of the kernel gives it: not inverted at its end.</summary>
internal static class Crc32
{
    /// <summary>The checksum of nothing.</summary>
    public const uint Start = uint.MaxValue;

    private const uint Polynomial = 0xEDB8_8320; // least significant bit first

    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(octet => Shift((uint)octet))];

    /// <summary>The checksum of what a checksum covers and more data after it.</summary>
    public static uint Append(uint checksum, ReadOnlySpan<byte> data)
    {
        foreach (byte octet in data)
        {
            checksum = Table[(byte)(checksum ^ octet)] ^ (checksum >> 8);
        }

        return checksum;
    }

    private static uint Shift(uint octet)
    {
        for (int bit = 0; bit < 8; bit++)
        {
            octet = (octet & 1) != 0 ? (octet >> 1) ^ Polynomial : octet >> 1;
        }

        return octet;
    }
}
