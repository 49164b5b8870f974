using System.Globalization;
using System.Text;

namespace VfioSharp.Cli.Output;

/// <summary>Bytes as hexdump -C prints them: sixteen a line, lines that repeat left out.</summary>
internal static class HexDump
{
    private const int Width = 16;

    /// <summary>Prints bytes.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="data">A multiple of 16 of them.</param>
    /// <returns>The offset behind the last.</returns>
    public static ulong Write(TextWriter output, ulong offset, ReadOnlySpan<byte> data)
    {
        var line = new StringBuilder();
        bool isLeftOut = false;
        for (int start = 0; start < data.Length; start += Width)
        {
            ReadOnlySpan<byte> bytes = data.Slice(start, Width);
            if (start > 0 && start + Width < data.Length && bytes.SequenceEqual(data.Slice(start - Width, Width)))
            {
                if (!isLeftOut)
                {
                    output.WriteLine("*");
                    isLeftOut = true;
                }

                continue;
            }

            isLeftOut = false;
            line.Clear().Append(CultureInfo.InvariantCulture, $"{offset + (ulong)start:x8}  ");
            for (int i = 0; i < Width; i++)
            {
                line.Append(CultureInfo.InvariantCulture, $"{bytes[i]:x2} ");
                if (i == (Width / 2) - 1)
                {
                    line.Append(' ');
                }
            }

            line.Append(" |");
            foreach (byte each in bytes)
            {
                line.Append(each is >= 0x20 and < 0x7F ? (char)each : '.');
            }

            output.WriteLine(line.Append('|').ToString());
        }

        return offset + (ulong)data.Length;
    }
}
