using System.Buffers.Binary;
using System.Globalization;

namespace VfioSharp.Devices.Tests.Regions;

/// <summary>
/// A region's description in bytes, made from words: <c>flags=0xf size=0x4000 offset=0x1000 cap=0x20 | @0x20 id=1 next=0x40 areas=0x0+0x1000,0x2000+0x1000</c>.
/// Behind each bar stands a capability at a place; <c>count=</c> lies about the number of areas, <c>cut=</c> cuts the whole.
/// </summary>
internal static class RegionBytes
{
    private const int HeaderLength = 32;

    public static byte[] Of(string text)
    {
        byte[] bytes = new byte[HeaderLength];
        int? cut = null;
        foreach (string part in text.Split('|', StringSplitOptions.TrimEntries))
        {
            string[] words = part.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.FirstOrDefault()?.StartsWith('@') == true)
            {
                WriteCapability(ref bytes, (int)Number(words[0][1..]), words[1..]);
                continue;
            }

            foreach (string word in words)
            {
                ulong value = Number(word[(word.IndexOf('=') + 1)..]);
                switch (word[..word.IndexOf('=')])
                {
                    case "flags":
                        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), (uint)value);
                        break;
                    case "cap":
                        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), (uint)value);
                        break;
                    case "size":
                        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), value);
                        break;
                    case "offset":
                        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), value);
                        break;
                    case "cut":
                        cut = (int)value;
                        break;
                    default:
                        throw new FormatException(word);
                }
            }
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)bytes.Length);
        return cut is { } length ? bytes[..length] : bytes;
    }

    private static void WriteCapability(ref byte[] bytes, int at, string[] words)
    {
        ushort id = 0;
        uint next = 0;
        string[] areas = [];
        uint? count = null;
        foreach (string word in words)
        {
            string value = word[(word.IndexOf('=') + 1)..];
            switch (word[..word.IndexOf('=')])
            {
                case "id":
                    id = (ushort)Number(value);
                    break;
                case "next":
                    next = (uint)Number(value);
                    break;
                case "areas":
                    areas = value.Split(',', StringSplitOptions.RemoveEmptyEntries);
                    count ??= (uint)areas.Length;
                    break;
                case "count":
                    count = (uint)Number(value);
                    break;
                default:
                    throw new FormatException(word);
            }
        }

        int length = 8 + (count is null ? 0 : 8 + (areas.Length * 16));
        Array.Resize(ref bytes, Math.Max(bytes.Length, at + length));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), id);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at + 2), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at + 4), next);
        if (count is { } number)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at + 8), number);
            for (int i = 0; i < areas.Length; i++)
            {
                string[] ends = areas[i].Split('+');
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at + 16 + (i * 16)), Number(ends[0]));
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at + 24 + (i * 16)), Number(ends[1]));
            }
        }
    }

    private static ulong Number(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? ulong.Parse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
        : ulong.Parse(text, CultureInfo.InvariantCulture);
}
