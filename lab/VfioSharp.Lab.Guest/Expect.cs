namespace VfioSharp.Lab.Guest;

/// <summary>What must be so; the check it stands in fails otherwise.</summary>
internal static class Expect
{
    public static void That(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new InvalidDataException(otherwise);
        }
    }

    public static void Equal<T>(T actual, T expected, string what)
        where T : IEquatable<T> => That(actual.Equals(expected), $"{what}: {Text(actual)} instead of {Text(expected)}");

    public static void Same(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected, string what)
    {
        int at = actual.CommonPrefixLength(expected);
        if (at != expected.Length || actual.Length != expected.Length)
        {
            throw new InvalidDataException($"{what}: {actual.Length} bytes, {expected.Length} expected, the first different one at {at}");
        }
    }

    private static string Text<T>(T value) => value is uint or ulong or ushort ? $"0x{value:x}" : $"{value}";
}
