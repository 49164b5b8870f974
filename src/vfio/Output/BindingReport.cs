using Spectre.Console;
using VfioSharp.Linux.Binding;

namespace VfioSharp.Cli.Output;

/// <summary>Plans of binds for a person.</summary>
internal static class BindingReport
{
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

    public static void WriteNotes(IAnsiConsole console, IEnumerable<string> notes)
    {
        foreach (string note in notes)
        {
            console.Line("# ", note);
        }
    }
}
