using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Tests.Emulation;

public class LegacyLineTests
{
    private const uint InterruptStatus = 1 << 3;

    private readonly TestFunction function;
    private readonly RecordingHost host;

    public LegacyLineTests()
    {
        function = new TestFunction(TestFunction.LayoutOf(BarLayout.Msix(0, 1)) with { MsiVectors = 1, Pin = InterruptPin.A });
        function.PowerOn();
        host = function.Plug();
    }

    [Fact]
    public void The_host_hears_of_each_change_once_and_the_status_register_tells()
    {
        function.SetIntx(true);
        function.SetIntx(true);
        (function.ReadConfig(6, 2) & InterruptStatus).ShouldBe(InterruptStatus);
        function.SetIntx(false);
        host.Heard.ShouldBe(["INTx up", "INTx down"]);
        (function.ReadConfig(6, 2) & InterruptStatus).ShouldBe(0u);
    }

    [Fact]
    public void A_disabled_line_is_down_but_the_status_register_tells()
    {
        function.SetCommand(PciCommand.InterruptDisable);
        function.SetIntx(true);
        host.Heard.ShouldBeEmpty();
        (function.ReadConfig(6, 2) & InterruptStatus).ShouldBe(InterruptStatus);
        function.SetCommand(PciCommand.None);
        host.Heard.ShouldBe(["INTx up"]);
        function.SetCommand(PciCommand.InterruptDisable);
        host.Heard.ShouldBe(["INTx down"]);
    }

    [Fact]
    public void The_line_needs_no_bus_mastering()
    {
        function.SetCommand(PciCommand.None);
        function.SetIntx(true);
        host.Heard.ShouldBe(["INTx up"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Messages_replace_the_line(bool msix)
    {
        CapabilityOffsets at = function.Core.Configuration.Capabilities;
        function.SetIntx(true);
        function.WriteConfig((msix ? at.Msix : at.Msi) + 2, msix ? 0x8000u : 1, 2);
        host.Heard.ShouldBe(["INTx up", "INTx down"]);
        function.WriteConfig((msix ? at.Msix : at.Msi) + 2, 0, 2);
        host.Heard.ShouldBe(["INTx up"]);
    }

    [Fact]
    public async Task A_reset_lowers_the_line()
    {
        function.SetIntx(true);
        await function.Core.ResetAsync(TestContext.Current.CancellationToken);
        host.Heard.ShouldBe(["INTx up", "INTx down"]);
    }

    [Fact]
    public void A_function_without_a_pin_has_no_line() =>
        Should.Throw<InvalidOperationException>(() => new TestFunction(TestFunction.LayoutOf()).SetIntx(true));
}
