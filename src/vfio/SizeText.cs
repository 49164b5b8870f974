using System.Globalization;

namespace VfioSharp.Cli;

/// <summary>Sizes and offsets as people write them: decimal or 0x hexadecimal, with K, M or G behind it for powers of 1024.</summary>
internal static class SizeText
{
    public static bool TryParse(ReadOnlySpan<char> text, out ulong value)
    {
        value = 0;
        int shift = text is [.., var last] ? char.ToUpperInvariant(last) switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 } : 0;
        ReadOnlySpan<char> digits = shift > 0 ? text[..^1] : text;
        bool hexadecimal = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (!(hexadecimal
            ? ulong.TryParse(digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            : ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value)))
        {
            return false;
        }

        if (value > ulong.MaxValue >> shift)
        {
            return false;
        }

        value <<= shift;
        return true;
    }

    /// <summary>The size in the largest unit that it is a whole number of.</summary>
    public static string Format(ulong bytes)
    {
        ReadOnlySpan<string> units = ["B", "K", "M", "G", "T"];
        int unit = 0;
        while (unit + 1 < units.Length && bytes != 0 && bytes % 1024 == 0)
        {
            bytes /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{bytes}{units[unit]}");
    }
}
