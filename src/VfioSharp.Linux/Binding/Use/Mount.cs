using System.Globalization;

namespace VfioSharp.Linux.Binding.Use;

/// <summary>A line of <c>/proc/self/mountinfo</c> (proc_pid_mountinfo(5)).</summary>
/// <param name="Number">The file system's device number as <c>major:minor</c>; one of its own, of major 0, where it may span devices (btrfs).</param>
/// <param name="Point">Where it is mounted.</param>
/// <param name="Type">Its type.</param>
/// <param name="Source">What was mounted: most often the device's file.</param>
internal sealed record Mount(string Number, string Point, string Type, string Source)
{
    public static Mount? Parse(string line)
    {
        // id parent major:minor root point options [tag…] - type source options
        string[] fields = line.Split(' ');
        int dash = Array.IndexOf(fields, "-");
        return dash >= 6 && fields.Length > dash + 2 ? new Mount(fields[2], Unescape(fields[4]), fields[dash + 1], Unescape(fields[dash + 2])) : null;
    }

    /// <summary>White space and backslashes are written as a backslash and three octal digits (<c>mangle()</c>, fs/proc_namespace.c).</summary>
    public static string Unescape(string text)
    {
        int start = text.IndexOf('\\');
        if (start < 0)
        {
            return text;
        }

        var plain = new System.Text.StringBuilder(text.Length).Append(text, 0, start);
        for (int i = start; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length && text.AsSpan(i + 1, 3) is var digits && !digits.ContainsAnyExceptInRange('0', '7'))
            {
                plain.Append((char)(((digits[0] - '0') << 6) | ((digits[1] - '0') << 3) | (digits[2] - '0')));
                i += 3;
            }
            else
            {
                plain.Append(text[i]);
            }
        }

        return plain.ToString();
    }

    /// <summary>The file systems' numbers have a major of their own where no single block device is behind them.</summary>
    public bool IsAnonymous => Number.StartsWith("0:", StringComparison.Ordinal);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Source} on {Point}");
}
