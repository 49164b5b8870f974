using Spectre.Console;

namespace VfioSharp.Cli.Output;

/// <summary>Makes the console that reports are written to: colours and boxes on a terminal, plain text in a pipe.</summary>
internal static class Terminal
{
    /// <summary>Wide enough that nothing wraps: a pipe's reader cuts lines itself.</summary>
    private const int PipeWidth = int.MaxValue / 2;

    public static IAnsiConsole For(TextWriter output)
    {
        bool terminal = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;
        bool colour = terminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        if (!terminal)
        {
            console.Profile.Width = PipeWidth;
        }

        return console;
    }

    /// <summary>Whether boxes and colours are wanted.</summary>
    public static bool IsRich(this IAnsiConsole console) => console.Profile.Capabilities.Ansi;
}
