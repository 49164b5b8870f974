using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Tests.Emulation;

public class ConfigurationTests
{
    private static FunctionLayout Layout => TestFunction.LayoutOf(
        BarLayout.Memory64(0, 0x4000) with { IsPrefetchable = true }, BarLayout.Msix(2, 5), BarLayout.Io(3, 32), BarLayout.Memory64(4, 1UL << 34)) with
    {
        MsiVectors = 8,
        Pin = InterruptPin.B,
    };

    [Fact]
    public void The_header_tells_the_identity()
    {
        ConfigurationSpace space = new TestFunction(Layout).Configuration();
        (space.VendorId, space.DeviceId, space.Revision).ShouldBe(((ushort)0x1234, (ushort)0x5678, (byte)9));
        space.ClassCode.ShouldBe(new ClassCode(1, 8, 2));
        (space.SubsystemVendorId, space.SubsystemId).ShouldBe(((ushort?)0xAAAA, (ushort?)0xBBBB));
        space.HeaderType.ShouldBe(HeaderType.Endpoint);
        space.Command.ShouldBe(PciCommand.None);
        space.Read8(0x3D).ShouldBe((byte)2);
    }

    [Fact]
    public void The_capabilities_are_those_of_the_layout()
    {
        PciCapabilities capabilities = new TestFunction(Layout).Configuration().Capabilities;
        capabilities.Findings.ShouldBeEmpty();
        MsiCapability msi = capabilities.Msi.ShouldNotBeNull();
        (msi.IsEnabled, msi.VectorsCapable, msi.VectorsEnabled, msi.Is64Bit, msi.HasPerVectorMasking).ShouldBe((false, 8, 1, true, true));
        capabilities.Msix!.Value.Vectors.ShouldBe(5);
        capabilities.Msix!.Value.IsEnabled.ShouldBeFalse();
        capabilities.PowerManagement!.Value.NoSoftReset.ShouldBeTrue();
        capabilities.PciExpress!.Value.PortType.ShouldBe(PciExpressPortType.Endpoint);
        capabilities.PciExpress!.Value.HasFunctionLevelReset.ShouldBeTrue();
    }

    [Fact]
    public void A_conventional_function_has_256_bytes_and_no_PCI_Express_capability()
    {
        ConfigurationSpace space = new TestFunction(TestFunction.LayoutOf() with { IsPciExpress = false }).Configuration();
        space.Length.ShouldBe(256);
        space.Capabilities.PciExpress.ShouldBeNull();
        space.Capabilities.Msi.ShouldBeNull();
        space.Capabilities.Msix.ShouldBeNull();
        space.Capabilities.Findings.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0x10, 0xFFFF_C00C)]
    [InlineData(0x14, 0xFFFF_FFFF)]
    [InlineData(0x18, 0xFFFF_F000)]
    [InlineData(0x1C, 0xFFFF_FFE1)]
    [InlineData(0x20, 0x0000_0004)]
    [InlineData(0x24, 0xFFFF_FFFC)]
    [InlineData(0x30, 0)]
    public void Ones_written_to_a_BAR_tell_its_length(int register, uint expected)
    {
        var function = new TestFunction(Layout);
        function.WriteConfig(register, uint.MaxValue);
        function.ReadConfig(register).ShouldBe(expected);
    }

    [Fact]
    public void Software_changes_no_bit_that_is_read_only()
    {
        var function = new TestFunction(Layout);
        byte[] before = Image(function);
        for (int offset = 0; offset < before.Length; offset += 4)
        {
            // Initiate Function Level Reset is a request, not a bit.
            function.WriteConfig(offset, offset == function.Core.Configuration.Capabilities.PciExpress + 8 ? 0x7FFF : uint.MaxValue);
        }

        byte[] after = Image(function);
        int[] changed = [.. Enumerable.Range(0, before.Length).Where(i => before[i] != after[i])];
        CapabilityOffsets at = function.Core.Configuration.Capabilities;
        int[] writable =
        [
            0x04, 0x05, 0x0C, .. Enumerable.Range(0x10, 24), 0x3C, at.PowerManagement + 4, at.Msi + 2, .. Enumerable.Range(at.Msi + 4, 10), at.Msi + 0x10,
            at.Msix + 3, at.PciExpress + 8, at.PciExpress + 9,
        ];
        changed.Except(writable).ShouldBeEmpty();
        changed.Length.ShouldBeGreaterThan(30);
    }

    [Theory]
    [InlineData(256)]
    [InlineData(4096)]
    public void Nothing_answers_outside_configuration_space(int length)
    {
        var function = new TestFunction(Layout with { IsPciExpress = length == 4096 });
        function.ReadBus(RegionIndex.Configuration, (ulong)length, 1).ShouldBeNull();
        function.ReadBus(RegionIndex.Configuration, (ulong)length - 2, 4).ShouldBeNull();
        function.ReadBus(RegionIndex.Configuration, ulong.MaxValue, 2).ShouldBeNull();
        function.WriteBus(RegionIndex.Configuration, (ulong)length - 1, 2, 0).ShouldBeFalse();
        function.ReadBus(RegionIndex.Configuration, (ulong)length - 4, 4).ShouldBe(0UL);
    }

    [Fact]
    public async Task Asking_for_a_function_level_reset_resets()
    {
        var function = new TestFunction(Layout);
        function.PowerOn();
        function.WriteConfig(0x10, 0x8000_0000);
        int control = function.Core.Configuration.Capabilities.PciExpress + 8;
        function.WriteConfig(control, 0x8000, 2);
        await WaitUntil(() => function.Calls.Contains("resume"));

        function.Calls.ShouldBe(["quiesce", "reset", "resume"]);
        function.ReadConfig(0x10).ShouldBe(0xCu);
        function.ReadConfig(4, 2).ShouldBe(0u);
        (function.ReadConfig(control, 2) & 0x8000).ShouldBe(0u);
    }

    private static byte[] Image(TestFunction function)
    {
        byte[] image = new byte[function.Core.ConfigurationLength];
        function.Core.Read(RegionIndex.Configuration, 0, image).ShouldBeTrue();
        return image;
    }

    private static async Task WaitUntil(Func<bool> condition)
    {
        for (int i = 0; i < 500 && !condition(); i++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
