using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using VfioSharp.Testing.Faults;

namespace VfioSharp.Testing.Tests.Guide;

public partial class GuideTests
{
    [Fact]
    public void The_guides_code_is_what_the_examples_run()
    {
        string examples = File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "GuideExamples.cs"));
        string[] run = [.. Example().Matches(examples).Select(match => string.Join('\n', match.Groups[1].Value.Split('\n').Select(Outdent)))];
        string[] shown = [.. Block().Matches(Guide()).Select(match => match.Groups[1].Value)];
        run.Length.ShouldBe(3);
        shown.ShouldBe(run);
    }

    [Fact]
    public void The_guide_names_every_target_and_action()
    {
        string guide = Guide();
        Enum.GetValues<FaultTarget>().ShouldAllBe(target => guide.Contains($"`{FaultText.Name(target)}`", StringComparison.Ordinal));
        Enum.GetValues<FaultAction>().ShouldAllBe(action => guide.Contains($"`{FaultText.Name(action)}`", StringComparison.Ordinal));
    }

    [Fact]
    public void The_guides_plans_can_be_read()
    {
        string[] plans = [.. Plan().Matches(Guide()).Select(match => match.Groups[1].Value)];
        plans.Length.ShouldBeGreaterThan(3);
        foreach (string plan in plans)
        {
            FaultPlan.Parse(plan).Rules.ShouldNotBeEmpty();
        }
    }

    private static string Outdent(string line) => line.StartsWith("        ", StringComparison.Ordinal) ? line[8..] : line;

    private static string Guide() => File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../docs/guides/testing.md"));

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"// -----\n([\s\S]*?\n) *// -----")]
    private static partial Regex Example();

    [GeneratedRegex(@"```csharp\n([\s\S]*?\n)```")]
    private static partial Regex Block();

    [GeneratedRegex(@"`(seed=[^`]+)`")]
    private static partial Regex Plan();
}
