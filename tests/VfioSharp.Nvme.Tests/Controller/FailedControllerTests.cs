using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Nvme.Controller;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Tests.Controller;

public class FailedControllerTests
{
    [Fact]
    public async Task A_failure_is_over_as_soon_as_the_controller_is_disabled()
    {
        using NvmeNamespace space = NvmeNamespace.InMemory(1 << 20);
        await using var controller = new NvmeController(new NvmeControllerOptions { Namespaces = [space] });
        await using PciFunction function = Loopback.Attach(controller);
        Registers registers = function.MapBar(0).Registers;
        for (int i = 0; i < 200; i++)
        {
            // No admin queues: it cannot become ready.
            registers.Write32(ControllerRegister.Configuration, ControllerConfiguration.Of(4096).Value);
            while (((ControllerStatus)registers.Read32(ControllerRegister.Status) & ControllerStatus.Fatal) == 0)
            {
                await Task.Yield();
            }

            registers.Write32(ControllerRegister.Configuration, 0);
            ((ControllerStatus)registers.Read32(ControllerRegister.Status)).ShouldBe(ControllerStatus.None);
        }
    }
}
