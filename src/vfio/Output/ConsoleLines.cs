using System.Text;
using Spectre.Console;

namespace VfioSharp.Cli.Output;

/// <summary>
/// Writes lines to a console. What does not fit is wrapped between words, under the text and not under its label; a pipe's lines always fit.
/// </summary>
internal static class ConsoleLines
{
    private const int MinRoom = 20;

    /// <summary>Writes a label, or an indent, and the text beside it.</summary>
    public static void Line(this IAnsiConsole console, string label, string text, Style? style = null, Style? labelStyle = null)
    {
        // One column less than there are, so that no terminal wraps on its own after the last.
        int room = Math.Max(console.Profile.Width - 1 - label.Length, MinRoom);
        console.Write(new Text(Harmless(label), labelStyle));
        string margin = "";
        foreach (string line in Wrap(Harmless(text), room))
        {
            console.Write(new Text(margin));
            console.Write(new Text(line, style));
            console.Write(new Text("\n"));
            margin = new string(' ', label.Length);
        }
    }

    /// <summary>The text with no character in it that steers a terminal: names and log lines are what another host says.</summary>
    public static string Harmless(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        var clean = new StringBuilder(text);
        for (int i = 0; i < clean.Length; i++)
        {
            if (char.IsControl(clean[i]))
            {
                clean[i] = '\ufffd';
            }
        }

        return clean.ToString();
    }

    private static IEnumerable<string> Wrap(string text, int room)
    {
        while (text.Length > room)
        {
            // A space just behind the room is as good as one in it; a word that is longer than the room is cut.
            int space = text.LastIndexOf(' ', room);
            int cut = space > 0 ? space : room;
            yield return text[..cut].TrimEnd();
            text = text[cut..].TrimStart();
        }

        yield return text;
    }
}
