using VfioSharp.Lab.Tests.Machines;

namespace VfioSharp.Lab.Tests;

/// <summary>The audit, made inside a machine of which it is known what it isolates.</summary>
public class AuditTests
{
    [Theory]
    [InlineData("6.1", Iommu.IntelRemapping, "Isolated", true)]
    [InlineData("6.1", Iommu.IntelNoRemapping, "NotIsolated", false)]
    [InlineData("7", Iommu.IntelRemapping, "Isolated", true)]
    [InlineData("7", Iommu.IntelNoRemapping, "NotIsolated", false)]
    [InlineData("6.12", Iommu.IntelRemapping, "Isolated", true)]
    [InlineData("6.12", Iommu.IntelNoRemapping, "NotIsolated", false)]
    public async Task It_says_of_every_function_whether_it_is_isolated(string kernel, Iommu iommu, string verdict, bool accepts) =>
        AuditExpectation.Check(await Lab.RunAsync(Catalogue.X64(kernel, iommu), "audit"), verdict, accepts);
}
