using System.Globalization;

namespace VfioSharp.Pci.Evidence;

/// <summary>The first two numbers of a kernel release: what decides which of VFIO's rules apply.</summary>
/// <param name="Major">The first number.</param>
/// <param name="Minor">The second number.</param>
public readonly record struct KernelVersion(int Major, int Minor) : IComparable<KernelVersion>
{
    /// <summary>Reads the numbers off a release such as <c>6.12.107+deb13-amd64</c>; null where it starts with none.</summary>
    public static KernelVersion? Parse(string? release)
    {
        string[] parts = (release ?? "").Split('.', 3);
        if (parts.Length < 2)
        {
            return null;
        }

        int digits = parts[1].AsSpan().IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int major)
            && int.TryParse(digits < 0 ? parts[1] : parts[1][..digits], NumberStyles.None, CultureInfo.InvariantCulture, out int minor)
            ? new KernelVersion(major, minor) : null;
    }

    /// <summary>Whether the version is <paramref name="major"/>.<paramref name="minor"/> or later.</summary>
    public bool IsAtLeast(int major, int minor) => CompareTo(new KernelVersion(major, minor)) >= 0;

    /// <inheritdoc/>
    public int CompareTo(KernelVersion other) => (Major, Minor).CompareTo((other.Major, other.Minor));

    /// <summary>Orders versions.</summary>
    public static bool operator <(KernelVersion left, KernelVersion right) => left.CompareTo(right) < 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator <=(KernelVersion left, KernelVersion right) => left.CompareTo(right) <= 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >(KernelVersion left, KernelVersion right) => left.CompareTo(right) > 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >=(KernelVersion left, KernelVersion right) => left.CompareTo(right) >= 0;
}
