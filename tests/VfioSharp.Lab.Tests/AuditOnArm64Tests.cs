using VfioSharp.Lab.Tests.Machines;

namespace VfioSharp.Lab.Tests;

/// <summary>The same on arm64; a class of its own, so that two machines run at a time.</summary>
public class AuditOnArm64Tests
{
    [Theory]
    [InlineData(Iommu.SmmuIts, "Isolated", true)]
    [InlineData(Iommu.SmmuGicv2m, "NotIsolated", false)]
    public async Task It_says_of_every_function_whether_it_is_isolated(Iommu iommu, string verdict, bool accepts) =>
        AuditExpectation.Check(await Lab.RunAsync(Catalogue.Arm64(iommu), "audit"), verdict, accepts);
}
