using VfioSharp.Pci.DeviceTree;

namespace VfioSharp.Pci.Tests.DeviceTree;

internal static class LookupAssertions
{
    public static void ShouldBeMalformed(this DeviceTreeLookup lookup, string finding)
    {
        lookup.Outcome.ShouldBe(DeviceTreeLookupOutcome.Malformed);
        lookup.Nodes.ShouldBeEmpty();
        lookup.OutputId.ShouldBeNull();
        lookup.Finding.ShouldNotBeNull().ShouldContain(finding);
    }
}
