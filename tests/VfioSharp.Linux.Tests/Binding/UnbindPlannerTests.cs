using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Tests.Binding;

public sealed class UnbindPlannerTests
{
    private const string Record = "device 8086:10c9\ndriver igb\noverride -\n";

    private readonly MemoryTree tree = Hosts.Usual();
    private readonly string address;

    public UnbindPlannerTests() => address = tree.FunctionWith("igb");

    [Fact]
    public void The_driver_that_was_remembered_is_attached() =>
        Targets(Host().With(address, "vfio-pci", "vfio-pci", Record)).ShouldBe(
            [$"sys/bus/pci/devices/{address}/driver_override", "sys/bus/pci/drivers/vfio-pci/unbind", "sys/bus/pci/drivers/igb/bind", $"run/vfiosharp/bound/{address}"]);

    [Fact]
    public void Without_a_record_the_kernel_chooses() =>
        Targets(Host().With(address, "vfio-pci", "vfio-pci")).ShouldBe(
            [$"sys/bus/pci/devices/{address}/driver_override", "sys/bus/pci/drivers/vfio-pci/unbind", "sys/bus/pci/drivers_probe"]);

    [Theory]
    [InlineData("device 8086:ffff\ndriver e1000e\noverride -\n")] // another device was plugged in since
    [InlineData("device 8086:10c9\ndriver ../../evil\noverride -\n")]
    [InlineData("device 8086:10c9\n")]
    [InlineData("")]
    public void A_record_that_is_not_this_functions_is_not_believed_and_goes(string record) =>
        Targets(Host().With(address, "vfio-pci", "vfio-pci", record)).ShouldBe(
            [$"sys/bus/pci/devices/{address}/driver_override", "sys/bus/pci/drivers/vfio-pci/unbind", "sys/bus/pci/drivers_probe", $"run/vfiosharp/bound/{address}"]);

    [Fact]
    public void A_function_that_had_no_driver_gets_none() =>
        Targets(Host().With(address, "vfio-pci", "vfio-pci", "device 8086:10c9\ndriver -\noverride -\n")).ShouldBe(
            [$"sys/bus/pci/devices/{address}/driver_override", "sys/bus/pci/drivers/vfio-pci/unbind", $"run/vfiosharp/bound/{address}"]);

    [Fact]
    public void An_override_that_stood_before_is_put_back()
    {
        BindingPlan plan = Plan(Host().With(address, "vfio-pci", "vfio-pci", "device 8086:10c9\ndriver igb\noverride igb\n"));
        plan.Steps[0].ShouldBe(BindingStep.Override(PciAddress.Parse(address), "igb"));
    }

    [Fact]
    public void A_former_driver_that_was_unloaded_is_named()
    {
        BindingPlan plan = Plan(Host().Unload("igb").With(address, "vfio-pci", "vfio-pci", Record));
        plan.Steps.ShouldContain(BindingStep.Probe(PciAddress.Parse(address)));
        plan.Notes.ShouldHaveSingleItem().ShouldContain("igb is no longer loaded");
    }

    [Fact]
    public void What_a_bind_cut_short_left_is_picked_up()
    {
        Targets(Host().With(address, null, "vfio-pci", Record)).ShouldBe(
            [$"sys/bus/pci/devices/{address}/driver_override", "sys/bus/pci/drivers/igb/bind", $"run/vfiosharp/bound/{address}"]);
        Targets(Host().With(address, "igb", "vfio-pci", Record)).ShouldBe([$"sys/bus/pci/devices/{address}/driver_override", $"run/vfiosharp/bound/{address}"]);
        Targets(Host().With(address, "igb", null, Record)).ShouldBe([$"run/vfiosharp/bound/{address}"]);
    }

    [Theory]
    [InlineData("igb", "but to igb")]
    [InlineData(null, "or any other driver")]
    public void What_is_not_on_vfio_pci_is_left_alone(string? driver, string said)
    {
        BindingPlan plan = Plan(Host().With(address, driver));
        plan.Steps.ShouldBeEmpty();
        plan.Explanation.ShouldContain(said);
    }

    [Fact]
    public void An_open_function_is_refused_by_the_names_of_its_holders()
    {
        tree.Process(4711, "qemu-system-x86", "/dev/null", $"/dev/vfio/{tree.ReadLinkName($"sys/bus/pci/devices/{address}/iommu_group")}");
        BindingRefusal refusal = Plan(Host().With(address, "vfio-pci", "vfio-pci", Record)).Refusals.ShouldHaveSingleItem();
        refusal.Reason.ShouldStartWith($"{address}: open in process 4711 (qemu-system-x86): ");
        refusal.CanBeForced.ShouldBeTrue();

        BindingPlan forced = UnbindPlanner.Plan(
            new BindingEvidence(Host().With(address, "vfio-pci", "vfio-pci", Record)), PciAddress.Parse(address), new UnbindOptions { Force = true });
        forced.IsRefused.ShouldBeFalse();
        forced.Notes.ShouldHaveSingleItem().ShouldContain("4711");
    }

    private ModelHost Host() => new(tree);

    private BindingPlan Plan(ModelHost host) => UnbindPlanner.Plan(new BindingEvidence(host), PciAddress.Parse(address), new UnbindOptions());

    private IEnumerable<string> Targets(ModelHost host) => Plan(host).Steps.Select(step => step.Target);
}
