using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Pci.Tests.Configuration;

public class CapabilityDecoderTests
{
    private static readonly string[] ListAt40 = ["006: 10 00", "034: 40"];

    [Theory]
    [InlineData("040: 05 00 00 00", false, 1, 1, false, false)]
    [InlineData("040: 05 00 81 00", true, 1, 1, true, false)]
    [InlineData("040: 05 00 8a 01", false, 32, 1, true, true)]
    [InlineData("040: 05 00 5b 01", true, 32, 32, false, true)]
    [InlineData("040: 05 00 26 00", false, 8, 4, false, false)]
    public void Msi_is_decoded(string capability, bool enabled, int capable, int given, bool is64, bool masking) =>
        FunctionDump.SpaceOf(256, [.. ListAt40, capability]).Capabilities.Msi.ShouldBe(new MsiCapability(0x40, enabled, capable, given, is64, masking));

    [Theory]
    [InlineData("ahci", true, true, false)]
    [InlineData("edu", false, true, false)]
    [InlineData("pcie-to-pci-bridge", false, true, true)]
    public void Msi_of_real_functions_is_decoded(string name, bool enabled, bool is64, bool masking)
    {
        MsiCapability msi = FunctionDump.Load(name).Space.Capabilities.Msi.ShouldNotBeNull();
        (msi.IsEnabled, msi.Is64Bit, msi.HasPerVectorMasking, msi.VectorsCapable, msi.VectorsEnabled).ShouldBe((enabled, is64, masking, 1, 1));
    }

    [Theory]
    [InlineData("040: 05 00 0c 00")]
    [InlineData("040: 05 00 60 00")]
    [InlineData("040: 05 00 7e 00")]
    public void A_reserved_number_of_msi_vectors_is_noted(string capability)
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(256, [.. ListAt40, capability]).Capabilities;
        capabilities.Findings.ShouldHaveSingleItem().Offset.ShouldBe(0x42);
        MsiCapability msi = capabilities.Msi.ShouldNotBeNull();
        Math.Min(msi.VectorsCapable, msi.VectorsEnabled).ShouldBe(0);
    }

    [Theory]
    [InlineData("igb", 10, 3, 0x0, 3, 0x2000)]
    [InlineData("igb-vf", 3, 3, 0x0, 3, 0x2000)]
    [InlineData("e1000e", 5, 3, 0x0, 3, 0x2000)]
    [InlineData("nvme", 65, 0, 0x2000, 0, 0x3000)]
    [InlineData("virtio-net", 4, 1, 0x0, 1, 0x800)]
    [InlineData("root-port", 1, 0, 0x0, 0, 0x800)]
    public void Msix_of_real_functions_is_decoded(string name, int vectors, int tableBar, uint table, int pbaBar, uint pba)
    {
        MsixCapability msix = FunctionDump.Load(name).Space.Capabilities.Msix.ShouldNotBeNull();
        (msix.Vectors, msix.TableBar, msix.TableOffset, msix.PbaBar, msix.PbaOffset).ShouldBe((vectors, tableBar, (ulong)table, pbaBar, (ulong)pba));
        msix.IsEnabled.ShouldBeTrue();
        msix.IsFunctionMasked.ShouldBeFalse();
    }

    [Theory]
    [InlineData("040: 11 00 ff 47 05 52 00 00 fc ff ff ff", 2048, 5, 0x5200u, 4, 0xFFFFFFF8u, false, true)]
    [InlineData("040: 11 00 00 80 07 00 00 80 06 00 00 00", 1, 7, 0x80000000u, 6, 0u, true, false)]
    public void Msix_masks_the_bar_out_of_the_offset(
        string capability, int vectors, int tableBar, uint table, int pbaBar, uint pba, bool enabled, bool masked) =>
        FunctionDump.SpaceOf(256, [.. ListAt40, capability]).Capabilities.Msix
            .ShouldBe(new MsixCapability(0x40, vectors, tableBar, table, pbaBar, pba, enabled, masked));

    [Theory]
    [InlineData(1, 16, 8)]
    [InlineData(64, 1024, 8)]
    [InlineData(65, 1040, 16)]
    [InlineData(2048, 32768, 256)]
    public void Msix_structures_have_sixteen_bytes_and_one_bit_a_vector(int vectors, ulong table, ulong pba)
    {
        var msix = new MsixCapability(0, vectors, 0, 0, 0, 0);
        msix.TableLength.ShouldBe(table);
        msix.PbaLength.ShouldBe(pba);
    }

    [Theory]
    [InlineData("root-port", PciExpressPortType.RootPort, true, false)]
    [InlineData("switch-upstream", PciExpressPortType.UpstreamPort, false, true)]
    [InlineData("switch-downstream", PciExpressPortType.DownstreamPort, true, true)]
    [InlineData("pcie-to-pci-bridge", PciExpressPortType.PciExpressToPciBridge, false, false)]
    [InlineData("nvme", PciExpressPortType.Endpoint, false, true)]
    [InlineData("igb-vf", PciExpressPortType.Endpoint, false, true)]
    public void Pci_express_of_real_functions_is_decoded(string name, PciExpressPortType type, bool slot, bool reset)
    {
        ConfigurationSpace space = FunctionDump.Load(name).Space;
        space.PortType.ShouldBe(type);
        PciExpressCapability express = space.Capabilities.PciExpress.ShouldNotBeNull();
        (express.HasSlot, express.HasFunctionLevelReset, express.Version).ShouldBe((slot, reset, 2));
    }

    [Theory]
    [InlineData("040: 10 00 82 01", PciExpressPortType.PciToPciExpressBridge, true)]
    [InlineData("040: 10 00 92 01", PciExpressPortType.RootComplexIntegratedEndpoint, false)]
    [InlineData("040: 10 00 a2 00", PciExpressPortType.RootComplexEventCollector, false)]
    [InlineData("040: 10 00 12 00", PciExpressPortType.LegacyEndpoint, false)]
    [InlineData("040: 10 00 f2 00", (PciExpressPortType)0xF, false)]
    public void Every_port_type_is_decoded(string capability, PciExpressPortType type, bool slot)
    {
        PciExpressCapability express = FunctionDump.SpaceOf(256, [.. ListAt40, capability]).Capabilities.PciExpress.ShouldNotBeNull();
        express.PortType.ShouldBe(type);
        express.HasSlot.ShouldBe(slot);
    }

    [Fact]
    public void Access_control_of_a_root_port_is_decoded()
    {
        AcsCapability acs = FunctionDump.Load("root-port").Space.Capabilities.Acs.ShouldNotBeNull();
        acs.Offset.ShouldBe(0x148);
        acs.Supported.ShouldBe(AcsServices.SourceValidation | AcsServices.TranslationBlocking | AcsServices.RequestRedirect
            | AcsServices.CompletionRedirect | AcsServices.UpstreamForwarding | AcsServices.DirectTranslated);
        acs.Enabled.ShouldBe(AcsServices.SourceValidation | AcsServices.RequestRedirect | AcsServices.CompletionRedirect | AcsServices.UpstreamForwarding);
        acs.EgressVectorLength.ShouldBe(0);
    }

    [Theory]
    [InlineData("104: 20 08 20 00", 8)]
    [InlineData("104: 20 00 00 00", 256)]
    [InlineData("104: 00 08 00 00", 0)]
    public void The_egress_control_vector_has_a_length(string register, int bits) =>
        FunctionDump.SpaceOf(4096, "100: 0d 00 01 00", register).Capabilities.Acs.ShouldNotBeNull().EgressVectorLength.ShouldBe(bits);

    [Fact]
    public void Alternative_routing_is_decoded()
    {
        FunctionDump.Load("igb").Space.Capabilities.Ari.ShouldBe(new AriCapability(0x150, 0, 0, false, false));
        FunctionDump.SpaceOf(4096, "100: 0e 00 01 00", "104: 02 07 32 00").Capabilities.Ari.ShouldBe(new AriCapability(0x100, 7, 3, true, true));
    }

    [Fact]
    public void Sr_iov_of_a_physical_function_is_decoded()
    {
        SrIovCapability iov = FunctionDump.Load("igb").Space.Capabilities.SrIov.ShouldNotBeNull();
        iov.ShouldBe(new SrIovCapability(0x160, true, true, 8, 8, 2, 0x80, 2, 0x10CA));

        // As Linux numbers the two: 0000:08:10.0 and 0000:08:10.2.
        var physical = PciAddress.Parse("0000:08:00.0");
        new PciAddress(0, iov.RequesterIdOf(physical.RequesterId, 0)).ToString().ShouldBe("0000:08:10.0");
        new PciAddress(0, iov.RequesterIdOf(physical.RequesterId, 1)).ToString().ShouldBe("0000:08:10.2");
    }

    [Fact]
    public void A_virtual_function_may_lie_on_a_later_bus()
    {
        var iov = new SrIovCapability(0x160, true, true, 256, 256, 256, 0x80, 1, 0x10CA);
        var physical = PciAddress.Parse("0000:08:00.0");
        new PciAddress(0, iov.RequesterIdOf(physical.RequesterId, 0x80)).ToString().ShouldBe("0000:09:00.0");
        Should.Throw<ArgumentOutOfRangeException>(() => iov.RequesterIdOf(physical.RequesterId, -1));
    }

    [Fact]
    public void Power_management_is_decoded()
    {
        FunctionDump.Load("nvme").Space.Capabilities.PowerManagement.ShouldBe(new PowerManagementCapability(0x60, 3, PowerState.D0, true));
        FunctionDump.SpaceOf(256, [.. ListAt40, "040: 01 00 02 00 03 00"]).Capabilities.PowerManagement
            .ShouldBe(new PowerManagementCapability(0x40, 2, PowerState.D3Hot, false));
    }

    [Theory]
    [InlineData("11")]
    [InlineData("10")]
    [InlineData("01")]
    public void A_capability_that_is_cut_off_is_noted_and_not_decoded(string id)
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(0x44, [.. ListAt40, $"040: {id} 00 01 00"]).Capabilities;
        capabilities.All.ShouldHaveSingleItem();
        capabilities.Findings.ShouldHaveSingleItem().Offset.ShouldBe(0x40);
        (capabilities.Msix is null && capabilities.PciExpress is null && capabilities.PowerManagement is null).ShouldBeTrue();
    }

    [Theory]
    [InlineData("0d")]
    [InlineData("0e")]
    [InlineData("10")]
    public void An_extended_capability_that_is_cut_off_is_noted_and_not_decoded(string id)
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(0x104, $"100: {id} 00 01 00").Capabilities;
        capabilities.All.ShouldHaveSingleItem();
        capabilities.Findings.ShouldHaveSingleItem().Offset.ShouldBe(0x100);
        (capabilities.Acs is null && capabilities.Ari is null && capabilities.SrIov is null).ShouldBeTrue();
    }

    [Fact]
    public void The_first_of_two_counts()
    {
        PciCapabilities capabilities = FunctionDump.SpaceOf(
            256, [.. ListAt40, "040: 11 50 00 00 00 10 00 00 00 20 00 00", "050: 11 00 07 00 00 30 00 00 00 40 00 00"]).Capabilities;
        capabilities.Msix.ShouldNotBeNull().Offset.ShouldBe(0x40);
        capabilities.Findings.ShouldHaveSingleItem().ShouldBe(new ConfigurationFinding(0x50, "MSI-X: stands in the list again; the one at 0x40 counts"));
    }
}
