using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;

namespace VfioSharp.Lab.Tests;

/// <summary>The audit, made inside a machine of which it is known what it isolates.</summary>
public class AuditTests
{
    private const string Nvme = "1b36:0010";
    private const string Igb = "8086:10c9";

    [Theory]
    [InlineData("6.1", Iommu.IntelRemapping, "Isolated", true)]
    [InlineData("6.1", Iommu.IntelNoRemapping, "NotIsolated", false)]
    [InlineData("7", Iommu.IntelRemapping, "Isolated", true)]
    [InlineData("7", Iommu.IntelNoRemapping, "NotIsolated", false)]
    [InlineData("6.12", Iommu.IntelRemapping, "Isolated", true)]
    [InlineData("6.12", Iommu.IntelNoRemapping, "NotIsolated", false)]
    public async Task It_says_of_every_function_whether_it_is_isolated(string kernel, Iommu iommu, string verdict, bool accepts) =>
        Expect(await Lab.RunAsync(Catalogue.X64(kernel, iommu), "audit"), verdict, accepts);

    [Theory]
    [InlineData(Iommu.SmmuIts, "Isolated", true)]
    [InlineData(Iommu.SmmuGicv2m, "NotIsolated", false)]
    public async Task It_says_so_on_arm64(Iommu iommu, string verdict, bool accepts) =>
        Expect(await Lab.RunAsync(Catalogue.Arm64(iommu), "audit"), verdict, accepts);

    private static void Expect(GuestRun run, string verdict, bool accepts)
    {
        run.ShouldHaveSucceeded();
        string[] ids = [Nvme, Igb];
        foreach (string id in ids)
        {
            var function = run.All("function").Single(result => result.Text("id") == id);
            function.Text("driver").ShouldBe(id == Nvme ? "nvme" : "igb", run.Describe());
            function.Text("verdict").ShouldBe(verdict, function.ToString());
            function.Flag("kernelAccepts").ShouldBe(accepts, function.ToString());
            function.Text("table").ShouldBe(verdict == "Isolated" ? "Mapped" : "Trapped", function.ToString());
        }
    }
}
