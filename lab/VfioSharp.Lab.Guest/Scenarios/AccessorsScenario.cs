using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VfioSharp.Tests.Accessors;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary><c>accessors</c>: decodes the register accessors as the ahead-of-time compiler made them, an observation <c>accessor</c> for each.</summary>
internal sealed class AccessorsScenario : IScenario
{
    public Task RunAsync(GuestReport report, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        report.Observe("compiler", ("architecture", RuntimeInformation.ProcessArchitecture), ("isDynamic", RuntimeFeature.IsDynamicCodeSupported));
        foreach ((string accessor, string expected) in AccessorCode.Expected)
        {
            report.Check(
                accessor,
                () => report.Observe("accessor", ("name", accessor), ("expected", expected), ("accesses", AccessorCode.BarAccesses(accessor))));
        }

        return Task.CompletedTask;
    }
}
