using Spectre.Console;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Output;

/// <summary>A plan for a person: the sentence, then the BAR page by page.</summary>
internal sealed class PlanReport(IAnsiConsole console)
{
    public void Write(MsixTableDecision decision)
    {
        console.Line("", decision.Explain());
        console.WriteLine();
        new PagePicture(console).Write(decision);
    }
}
