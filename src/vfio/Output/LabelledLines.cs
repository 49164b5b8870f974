using Spectre.Console;

namespace VfioSharp.Cli.Output;

/// <summary>Writes what is said of a function: a label, and beside it a sentence.</summary>
internal sealed class LabelledLines(IAnsiConsole console)
{
    private const int LabelWidth = 10;

    /// <summary>Writes a line; an empty label goes on with the one before.</summary>
    public void Line(string label, string text, Style? style = null) =>
        console.Line($"  {label.PadRight(LabelWidth)}", text, style, new Style(Color.Grey));
}
