using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace VfioSharp.Linux.Log;

/// <summary>Turns the kernel's log, in either form that it gives it in, into lines of <c>[    1.797302] message</c>.</summary>
/// <remarks>
/// Only what the kernel itself wrote: programs may write to its log, and their word is no evidence of what the kernel did.
/// </remarks>
internal sealed class KernelLogText
{
    private const int FacilityShift = 3; // a priority is facility * 8 + level; the kernel's facility is 0

    private readonly List<byte> text = [];
    private bool isLastOurs;

    /// <summary>The bytes so far.</summary>
    public int Length => text.Count;

    /// <summary>The text, in UTF-8.</summary>
    public byte[] ToArray() => [.. text];

    /// <summary>
    /// Adds a record of /dev/kmsg: <c>priority,sequence,microseconds,flags[,more];message</c> and lines of properties that begin with a space
    /// (Documentation/ABI/testing/dev-kmsg). One that is not of this form is left out.
    /// </summary>
    public void AddRecord(ReadOnlySpan<byte> record)
    {
        int semicolon = record.IndexOf((byte)';');
        if (semicolon < 0 || !TryReadHeader(record[..semicolon], out bool isKernels, out ulong microseconds, out bool continues))
        {
            return;
        }

        bool appends = continues && isLastOurs;
        isLastOurs = isKernels;
        if (!isKernels)
        {
            return;
        }

        byte[] time = Encoding.ASCII.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"[{microseconds / 1_000_000,5}.{microseconds % 1_000_000:D6}] "));
        if (appends)
        {
            text.RemoveAt(text.Count - 1);
        }
        else
        {
            text.AddRange(time);
        }

        ReadOnlySpan<byte> body = record[(semicolon + 1)..];
        int end = body.IndexOf((byte)'\n');
        AddMessage(end < 0 ? body : body[..end], time);
    }

    /// <summary>Adds what syslog(2) gives: lines of <c>&lt;priority&gt;[    1.797302] message</c>.</summary>
    public void AddSyslog(ReadOnlySpan<byte> lines)
    {
        while (!lines.IsEmpty)
        {
            int end = lines.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? lines : lines[..end];
            lines = end < 0 ? default : lines[(end + 1)..];
            int close = line.IndexOf((byte)'>');
            if (close > 1 && line[0] == '<'
                && TryParse(Encoding.ASCII.GetString(line[1..close]), out ulong priority) && priority >> FacilityShift == 0)
            {
                AddRaw(line[(close + 1)..]);
            }
        }
    }

    // Up to Linux 4.9 a flag of + says that the record goes on with the line of the one before.
    private static bool TryReadHeader(ReadOnlySpan<byte> header, out bool isKernels, out ulong microseconds, out bool continues)
    {
        string[] fields = Encoding.ASCII.GetString(header).Split(',');
        isKernels = false;
        microseconds = 0;
        continues = fields.Length > 3 && fields[3].StartsWith('+');
        if (fields.Length < 3 || !TryParse(fields[0], out ulong priority) || !TryParse(fields[2], out microseconds))
        {
            return false;
        }

        isKernels = priority >> FacilityShift == 0;
        return true;
    }

    private static bool TryParse(string digits, out ulong value) =>
        ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private void AddRaw(ReadOnlySpan<byte> line)
    {
        foreach (byte value in line)
        {
            if (value is < 0x20 and not (byte)'\t' or 0x7f)
            {
                text.AddRange(Encoding.ASCII.GetBytes($"\\x{value:x2}"));
            }
            else
            {
                text.Add(value);
            }
        }

        text.Add((byte)'\n');
    }

    // The kernel escapes all but printable ASCII as \xNN. Text and line ends are wanted back; other control characters stay as they are,
    // as a device's name can bring them into the log and they are nothing to send to a terminal.
    private void AddMessage(ReadOnlySpan<byte> escaped, byte[] time)
    {
        for (int i = 0; i < escaped.Length; i++)
        {
            byte value = escaped[i];
            if (value == '\\' && i + 3 < escaped.Length && escaped[i + 1] == 'x'
                && Utf8Parser.TryParse(escaped.Slice(i + 2, 2), out byte original, out int used, 'x') && used == 2
                && original is (byte)'\n' or (byte)'\t' or (byte)'\\' or >= 0x80)
            {
                value = original;
                i += 3;
            }

            text.Add(value);
            if (value == '\n')
            {
                text.AddRange(time);
            }
        }

        text.Add((byte)'\n');
    }
}
