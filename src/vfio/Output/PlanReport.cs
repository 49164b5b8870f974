using Spectre.Console;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Output;

/// <summary>A plan for a person: the sentence, then the BAR page by page.</summary>
internal sealed class PlanReport(IAnsiConsole console)
{
    public void Write(MsixTableDecision decision)
    {
        console.Write(new Text(decision.Explain() + "\n"));
        console.WriteLine();
        new PagePicture(console).Write(decision);
    }
}
