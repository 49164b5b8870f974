namespace VfioSharp.Samples.Tests;

/// <summary>crc32_le() of the kernel, bit by bit.</summary>
internal static class KernelCrc
{
    public static uint Of(ReadOnlySpan<byte> data)
    {
        uint crc = ~0u;
        foreach (byte octet in data)
        {
            crc ^= octet;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
            }
        }

        return crc;
    }
}
