using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.Linux.Backends;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Tests.Backends;

/// <summary>Each refusal says what is wrong and what to do next.</summary>
public class OpenFaultTests
{
    private const string Nvme = "0000:00:03.0";

    [Theory]
    [InlineData((int)Errno.ENOENT, "is bound to nvme, not to vfio-pci; bind it: vfio bind 0000:00:03.0")]
    [InlineData((int)Errno.EACCES, "chown USER /dev/vfio/1")]
    [InlineData((int)Errno.EPERM, "a container must be allowed the device")]
    [InlineData((int)Errno.EMFILE, "ulimit -n")]
    [InlineData((int)Errno.EIO, "/dev/vfio/1 cannot be opened (EIO)")]
    public void A_node_that_cannot_be_opened(int error, string text)
    {
        PciException fault = Fault("x86-intel-ir").OfNode("/dev/vfio/1", (Errno)error);
        fault.Message.ShouldStartWith(Nvme);
        fault.Message.ShouldContain(text);
        (fault.Address, fault.ErrorNumber, fault.Operation).ShouldBe((PciAddress.Parse(Nvme), error, "open"));
    }

    [Fact]
    public void No_IOMMU_mode_wants_a_capability() =>
        Fault("x86-no-iommu", new VfioOptions { Backend = VfioBackend.NoIommu }).OfNode("/dev/vfio/noiommu-0", Errno.EPERM).Message.ShouldContain("CAP_SYS_RAWIO");

    [Fact]
    public void A_group_that_somebody_has_is_busy()
    {
        PciException fault = Fault("x86-intel-ir").OfNode("/dev/vfio/1", Errno.EBUSY);
        fault.ShouldBeOfType<DeviceBusyException>().Message.ShouldContain("run as root to learn which");
    }

    [Theory]
    [InlineData("vfio_iommu_type1")]
    [InlineData("iommufd")]
    public void A_group_that_is_not_isolated_is_refused_with_the_advice_of_its_platform_and_the_override_of_its_judge(string judge)
    {
        MsiIsolationException fault = Fault("x86-intel-noir").OfIsolation(judge, Errno.EPERM);
        fault.Message.ShouldContain($"/sys/module/{judge}/parameters/allow_unsafe_interrupts");
        fault.Message.ShouldContain("intel_iommu=on");
        fault.Message.ShouldContain("stays trapped");
        fault.ErrorNumber.ShouldBe((int)Errno.EPERM);
    }

    [Fact]
    public void A_group_with_drivers_in_it_is_busy_and_they_are_named()
    {
        OpenContext context = Context("x86-intel-ir-rich", function => function.Assignability is { IsAssignable: false, Blockers.IsEmpty: false });
        DeviceBusyException fault = new OpenFault(context).OfGroupInUse(Errno.EPERM);
        fault.Message.ShouldContain(context.Audit.Assignability.Blockers[0]);
        fault.Message.ShouldContain("unbind them or bind them to vfio-pci");
    }

    [Fact]
    public void Secrets_are_asked_for_and_judged()
    {
        Fault("x86-intel-ir").OfDevice(Errno.EACCES, "vfio_iommu_type1").Message.ShouldContain("show it as VfioOptions.VfToken");
        var shown = new VfioOptions { VfToken = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff") };
        Fault("x86-intel-ir", shown).OfDevice(Errno.EACCES, "vfio_iommu_type1").Message.ShouldContain("is not the secret");
        Fault("x86-intel-ir", shown).OfDevice(Errno.EINVAL, "vfio_iommu_type1").Message.ShouldContain("no VfioOptions.VfToken is wanted");
        Fault("x86-intel-ir").OfDevice(Errno.EINVAL, "vfio_iommu_type1").Message.ShouldContain("(EINVAL)");
        Fault("x86-intel-ir").OfDevice(Errno.EPERM, "iommufd").ShouldBeOfType<MsiIsolationException>();
        Fault("x86-intel-ir").OfDevice(Errno.ENODEV, "vfio_iommu_type1").Message.ShouldContain("vfio bind");
        System.Text.Encoding.ASCII.GetString(GroupAttachment.NameOf(Context("x86-intel-ir", Is(Nvme), shown)))
            .ShouldBe("0000:00:03.0 vf_token=00112233-4455-6677-8899-aabbccddeeff\0");
        System.Text.Encoding.ASCII.GetString(GroupAttachment.NameOf(Context("x86-intel-ir", Is(Nvme)))).ShouldBe("0000:00:03.0\0");
    }

    [Theory]
    [InlineData("x86-intel-ir", "0000:7f:00.0", VfioBackend.Auto, "there is no PCI function at 0000:7f:00.0")]
    [InlineData("x86-no-iommu", Nvme, VfioBackend.Auto, "is in no IOMMU group")]
    [InlineData("x86-no-iommu", Nvme, VfioBackend.NoIommu, "enable_unsafe_noiommu_mode")]
    [InlineData("x86-intel-ir", Nvme, VfioBackend.NoIommu, "is for functions without an IOMMU")]
    public void What_cannot_be_opened_is_not_tried(string host, string address, VfioBackend backend, string text)
    {
        HostTree tree = LinuxHost.OpenTree(CapturedHosts.Archive(host));
        Should.Throw<PciException>(() => new FunctionOpener(tree, new VfioOptions { Backend = backend }).Open(PciAddress.Parse(address))).Message.ShouldContain(text);
    }

    [Fact]
    public async Task A_caller_that_gives_up_at_once_gets_nothing() =>
        await Should.ThrowAsync<OperationCanceledException>(async () => await Vfio.OpenAsync(PciAddress.Parse(Nvme), stop: new CancellationToken(true)));

    private static OpenFault Fault(string host, VfioOptions? options = null) => new(Context(host, Is(Nvme), options));

    private static Func<FunctionAudit, bool> Is(string address) => function => function.Address == PciAddress.Parse(address);

    private static OpenContext Context(string name, Func<FunctionAudit, bool> which, VfioOptions? options = null)
    {
        HostTree tree = LinuxHost.OpenTree(CapturedHosts.Archive(name));
        HostEvidence host = HostEvidence.Read(tree);
        return new OpenContext(tree, HostAudit.Of(host).Functions.First(which), host, options ?? new VfioOptions());
    }
}
