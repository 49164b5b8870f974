using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;

namespace VfioSharp.Lab.Tests.Removal;

/// <summary>A driver that is killed while it uses a function in every way.</summary>
public class KillTests
{
    private const int KilledBySignal = 128 + 9;

    [Theory]
    [InlineData("6.1", "Group")]
    [InlineData("7", "Group")]
    [InlineData("6.12", "Group")]
    [InlineData("6.12", "IommuFd")]
    public async Task The_function_is_reset_and_serves_the_next(string kernel, string backend)
    {
        GuestRun run = await Lab.RunAsync(Catalogue.X64(kernel, Iommu.IntelRemapping, "igb,addr=4"), "kill", "0000:00:04.0", backend);

        run.ShouldHaveSucceeded();
        run.One("before").Flag("busMaster").ShouldBe(true, run.Describe());
        run.One("after").Number("exitCode").ShouldBe(KilledBySignal, run.Describe());
        run.One("after").Flag("busMaster").ShouldBe(false, run.Describe());
        run.One("registers").Number("scratch").ShouldBe(0, run.Describe());
        run.One("registers").Number("enabled").ShouldBe(0, run.Describe());
        run.All("the function works again").Count.ShouldBe(1, run.Describe());
    }
}
