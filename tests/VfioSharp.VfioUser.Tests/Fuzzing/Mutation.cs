using System.Buffers.Binary;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Fuzzing;

/// <summary>Makes a message into one that is like it.</summary>
internal static class Mutation
{
    private const int CommandAt = 2;
    private const int SizeAt = 4;
    private const int FlagsAt = 8;

    private static readonly ulong[] Numbers =
    [
        0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 4095, 4096, 4097, 0xFFFF, 0x1_0000, 1 << 20, (1 << 20) + 1, int.MaxValue, 0x8000_0000, 0xFFFF_FFF0,
        uint.MaxValue, 1UL << 32, 1UL << 44, long.MaxValue, 1UL << 63, ulong.MaxValue - 4095, ulong.MaxValue,
    ];

    /// <summary>A number at which something may be done wrong.</summary>
    public static ulong Number(FuzzRandom random) => random.Pick<ulong>(Numbers);

    /// <summary>Changes a message; its size stays true.</summary>
    public static byte[] Of(byte[] message, FuzzRandom random)
    {
        byte[] changed = [.. message];
        int payload = message.Length - MessageHeader.Length;
        switch (random.Below(8))
        {
            case 0 when payload > 0:
                changed[MessageHeader.Length + random.Below(payload)] ^= (byte)(1 << random.Below(8));
                break;
            case 1 or 2 when payload >= sizeof(uint):
                BinaryPrimitives.WriteUInt32LittleEndian(Field(changed, sizeof(uint), random), (uint)Number(random));
                break;
            case 3 or 4 when payload >= sizeof(ulong):
                BinaryPrimitives.WriteUInt64LittleEndian(Field(changed, sizeof(ulong), random), Number(random));
                break;
            case 5:
                changed = Resize(changed, random.OneIn(2) ? random.Below(payload + 1) : payload + random.Below(200), random);
                break;
            case 6:
                BinaryPrimitives.WriteUInt16LittleEndian(changed.AsSpan(CommandAt), (ushort)random.Below(20));
                break;
            default:
                changed[FlagsAt] ^= (byte)MessageFlags.NoReply;
                break;
        }

        return changed;
    }

    /// <summary>Makes a message into what may be none, so that all that follows may be none either.</summary>
    public static byte[] Break(byte[] message, FuzzRandom random)
    {
        byte[] changed = [.. message];
        switch (random.Below(3))
        {
            case 0:
                BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(SizeAt), (uint)Number(random));
                return changed;
            case 1:
                changed[random.Below(changed.Length)] ^= (byte)(1 << random.Below(8));
                return changed;
            default:
                return changed[..random.Below(changed.Length)];
        }
    }

    private static Span<byte> Field(byte[] message, int width, FuzzRandom random) =>
        message.AsSpan(MessageHeader.Length + (random.Below((message.Length - MessageHeader.Length) / width) * width), width);

    private static byte[] Resize(byte[] message, int payload, FuzzRandom random)
    {
        byte[] resized = new byte[MessageHeader.Length + payload];
        random.Fill(resized);
        message.AsSpan(0, Math.Min(message.Length, resized.Length)).CopyTo(resized);
        BinaryPrimitives.WriteInt32LittleEndian(resized.AsSpan(SizeAt), resized.Length);
        return resized;
    }
}
