using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Lab.Tests.Results;

namespace VfioSharp.Lab.Tests.Removal;

/// <summary>A function that is taken away while several threads use it.</summary>
public class UnplugTests
{
    private const string Id = "card";
    private const string Address = "0000:01:00.0";
    private const uint Ones = uint.MaxValue;

    // The slot's events through ACPI, as q35 has it, or through the port itself, where the button's five seconds pass first (PCIe 6.0, 6.7.1.5).
    private static readonly string[] PortEvents = ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"];

    [Theory]
    [InlineData("6.1", "igb", "Group", false)]
    [InlineData("6.1", "nvme", "Group", true)]
    [InlineData("7", "igb", "Group", true)]
    [InlineData("7", "nvme", "Group", false)]
    [InlineData("6.12", "igb", "Group", true)]
    [InlineData("6.12", "igb", "IommuFd", false)]
    [InlineData("6.12", "nvme", "IommuFd", true)]
    public async Task Unplugged_by_the_host_it_goes_without_harm(string kernel, string device, string backend, bool portEvents)
    {
        Machine machine = Machine(kernel, device) with { Options = portEvents ? PortEvents : [] };
        GuestRun run = await Lab.RunAsync(machine, "unplug", [Address, backend, "host"], async guest =>
        {
            CancellationToken stop = TestContext.Current.CancellationToken;
            await guest.WaitForSignalAsync("loaded");
            await guest.Qmp.RemoveDeviceAsync(Id, stop);
            while ((await guest.Qmp.WaitForEventAsync("DEVICE_DELETED", stop)) is var deleted
                && !(deleted.TryGetProperty("device", out var device) && device.GetString() == Id))
            {
            }

            await guest.SendLineAsync("deleted");
        });

        ExpectUnharmed(run);
    }

    [Theory]
    [InlineData("6.1", "igb", "Group")]
    [InlineData("7", "nvme", "Group")]
    [InlineData("6.12", "igb", "Group")]
    [InlineData("6.12", "nvme", "IommuFd")]
    public async Task Unbound_by_an_operator_it_goes_without_harm(string kernel, string device, string backend)
    {
        GuestRun run = await Lab.RunAsync(Machine(kernel, device), "unplug", Address, backend, "operator");

        ExpectUnharmed(run);
        run.One("gone").Number("operation").ShouldBe(0, run.Describe());
    }

    private static Machine Machine(string kernel, string device) =>
        Catalogue.X64(kernel, Iommu.IntelRemapping, "pcie-root-port,id=rp,chassis=1,slot=1,addr=6", $"{device},id={Id},bus=rp");

    private static void ExpectUnharmed(GuestRun run)
    {
        run.ShouldHaveSucceeded();
        run.One("before").Flag("removing").ShouldBe(false, run.Describe());
        run.One("before").Number("read").ShouldNotBe(Ones, run.Describe());
        run.One("removing").Number("milliseconds").ShouldNotBeNull(run.Describe());

        GuestResult[] waits = [.. run.All("wait")];
        waits.Select(wait => wait.Text("worker")).ShouldBe(["interrupts", "idle"], run.Describe());
        waits.ShouldAllBe(wait => wait.Text("end") == "DeviceLostException", run.Describe());

        // The kernel waits until the function is given back; until then it still answers.
        run.One("kept").Flag("present").ShouldBe(true, run.Describe());
        run.One("kept").Flag("isLost").ShouldBe(false, run.Describe());
        run.One("kept").Number("read").ShouldNotBe(Ones, run.Describe());

        run.One("late").Flag("running").ShouldBe(true, run.Describe());
        run.One("late").Number("read").ShouldBe(Ones, run.Describe());
        GuestResult registers = run.All("use").Single(use => use.Text("worker") == "registers");
        registers.Text("end").ShouldBe("stopped", run.Describe());
        string[] ends = ["DeviceLostException", "ObjectDisposedException"];
        ends.ShouldContain(run.All("use").Single(use => use.Text("worker") == "memory").Text("end"), run.Describe());
        run.One("last").Number("scratch").ShouldBe(Ones, run.Describe());
        run.One("last").Flag("isLost").ShouldBe(true, run.Describe());
        run.One("gone").Number("milliseconds").ShouldNotBeNull(run.Describe());
    }
}
