using Spectre.Console;
using VfioSharp.Linux.Binding;

namespace VfioSharp.Cli.Output;

/// <summary>Plans and outcomes of binds for a person.</summary>
internal static class BindingReport
{
    public static void Write(IAnsiConsole console, BindOutcome outcome)
    {
        console.Line("", outcome.Message);
        WriteNotes(console, outcome.Notes);
    }

    /// <summary>The steps as commands of a shell; all else as its comments.</summary>
    public static void Write(IAnsiConsole console, BindingPlan plan)
    {
        console.Line("# ", plan.Steps.IsEmpty ? plan.Explanation : plan.Address.ToString());
        foreach (BindingStep step in plan.Steps)
        {
            console.WriteLine(ConsoleLines.Harmless(step.ToString()));
        }

        WriteNotes(console, plan.Notes);
    }

    private static void WriteNotes(IAnsiConsole console, IEnumerable<string> notes)
    {
        foreach (string note in notes)
        {
            console.Line("# ", note);
        }
    }
}
