using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;

namespace VfioSharp.Lab.Tests.Removal;

/// <summary>A driver that is killed while it uses a function in every way.</summary>
public class KillTests
{
    private const int KilledBySignal = 128 + 9;

    // Registers that a driver in use has set and a reset clears, by their offset in BAR 0: EIMS of an igb, CC of an NVMe controller.
    private const string InterruptMaskSet = "5412";
    private const string ControllerConfiguration = "20";

    [Theory]
    [InlineData("6.1", "igb", "Group")]
    [InlineData("7", "igb", "Group")]
    [InlineData("7", "nvme", "Group")]
    [InlineData("6.12", "igb", "Group")]
    [InlineData("6.12", "igb", "IommuFd")]
    [InlineData("6.12", "nvme", "IommuFd")]
    public async Task The_function_is_reset_and_serves_the_next(string kernel, string device, string backend)
    {
        Machine machine = Catalogue.X64(kernel, Iommu.IntelRemapping, $"{device},addr=4");
        GuestRun run = await Lab.RunAsync(machine, "kill", "0000:00:04.0", backend, device == "nvme" ? ControllerConfiguration : InterruptMaskSet);

        run.ShouldHaveSucceeded();
        run.One("before").Flag("busMaster").ShouldBe(true, run.Describe());
        run.One("after").Number("exitCode").ShouldBe(KilledBySignal, run.Describe());
        run.One("after").Flag("busMaster").ShouldBe(false, run.Describe());
        run.One("register").Number("value").ShouldBe(0, run.Describe());
        run.All("the function works again").Count.ShouldBe(1, run.Describe());
    }
}
