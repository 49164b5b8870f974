using VfioSharp.Lab.Guest.Scenarios;
using VfioSharp.Lab.Guest.Scenarios.Backends;
using VfioSharp.Lab.Guest.Scenarios.Matrix;
using VfioSharp.Lab.Guest.Scenarios.Serving;

namespace VfioSharp.Lab.Guest;

/// <summary>The scenarios by the names under which the host asks for them.</summary>
internal static class ScenarioRegistry
{
    private static readonly Dictionary<string, IScenario> Scenarios = new()
    {
        ["accessors"] = new AccessorsScenario(),
        ["audit"] = new AuditScenario(),
        ["backend"] = new BackendScenario(),
        ["cost"] = new CostScenario(),
        ["echo"] = new EchoScenario(),
        ["forge"] = new ForgeScenario(),
        ["kill"] = new KillScenario(),
        ["kill-child"] = new KillChildScenario(),
        ["matrix"] = new MatrixScenario(),
        ["served"] = new ServedScenario(),
        ["unplug"] = new UnplugScenario(),
    };

    public static IEnumerable<string> Names => Scenarios.Keys;

    public static IScenario? Find(string name) => Scenarios.GetValueOrDefault(name);
}
