using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;

namespace VfioSharp.Lab.Tests.Costs;

/// <summary>What registers and mappings take through a kernel: measured for <c>bench/lab</c>, which sets the rounds and prints the figures.</summary>
public class CostTests
{
    private const string RoundsVariable = "VFIOSHARP_COST_ROUNDS";

    [Theory]
    [InlineData("Group")]
    [InlineData("IommuFd")]
    public async Task Each_is_measured_and_a_register_allocates_nothing(string backend)
    {
        string rounds = Environment.GetEnvironmentVariable(RoundsVariable) ?? "200";
        GuestRun run = await Lab.RunAsync(Catalogue.X64("6.12", Iommu.IntelRemapping, "igb,addr=4"), "cost", "0000:00:04.0", backend, rounds);

        run.ShouldHaveSucceeded();
        var costs = run.All("cost");
        costs.Select(cost => cost.Text("what")).ShouldBe(
        [
            "register, mapped", "register, through the region",
            "DMA map and unmap beside 1", "DMA map and unmap beside 256", "DMA map and unmap beside 4096",
        ]);
        costs.ShouldAllBe(cost => cost.Number("nanoseconds") > 0);
        costs.Take(2).ShouldAllBe(cost => cost.Number("bytes") == 0);
        await File.WriteAllLinesAsync(
            Path.Combine(Checkout.LabFolder, $"costs.{backend}"),
            costs.Select(cost => $"{cost.Number("nanoseconds")} {cost.Number("bytes")} {cost.Text("what")}"),
            TestContext.Current.CancellationToken);
    }
}
