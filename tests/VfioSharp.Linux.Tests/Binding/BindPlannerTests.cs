using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Tests.Binding;

public sealed class BindPlannerTests
{
    public static TheoryData<string> AllHosts => CapturedHosts.Names;

    [Fact]
    public void A_bind_remembers_then_overrides_then_releases_then_attaches()
    {
        var host = new ModelHost(Hosts.Usual());
        string address = host.FunctionWith("igb");

        Plan(host, address).Steps.Select(step => step.ToString()).ShouldBe(
        [
            $"mkdir -p /run/vfiosharp/bound && printf 'device 8086:10c9\\ndriver igb\\noverride -\\n' > /run/vfiosharp/bound/{address}",
            $"echo vfio-pci > /sys/bus/pci/devices/{address}/driver_override",
            $"echo {address} > /sys/bus/pci/drivers/igb/unbind",
            $"echo {address} > /sys/bus/pci/drivers/vfio-pci/bind",
        ]);
    }

    [Fact]
    public void A_function_without_a_driver_is_not_released_first()
    {
        var host = new ModelHost(Hosts.Usual());
        string address = host.FunctionWith("igb");
        host.With(address, driver: null);

        Plan(host, address).Steps.Select(step => step.Target).ShouldBe(
            [$"run/vfiosharp/bound/{address}", $"sys/bus/pci/devices/{address}/driver_override", "sys/bus/pci/drivers/vfio-pci/bind"]);
    }

    [Theory]
    [InlineData("vfio-pci")]
    [InlineData("mlx5_vfio_pci")]
    public void What_vfio_has_already_is_left_alone(string driver)
    {
        var host = new ModelHost(Hosts.Usual());
        string address = host.FunctionWith("igb");
        host.With(address, driver);

        BindingPlan plan = Plan(host, address);
        plan.IsRefused.ShouldBeFalse();
        plan.Steps.ShouldBeEmpty();
        plan.Explanation.ShouldBe($"{address}: already bound to {driver}");
    }

    [Fact]
    public void A_missing_module_is_loaded_first_or_asked_for()
    {
        ModelHost host = new ModelHost(Hosts.Usual()).Unload("vfio-pci");
        string address = host.FunctionWith("igb");

        Plan(host, address).Steps[0].ToString().ShouldBe("modprobe vfio-pci");
        BindingRefusal refusal = Plan(host, address, new BindOptions { LoadModule = false }).Refusals.ShouldHaveSingleItem();
        refusal.Reason.ShouldBe($"{address}: the kernel has no vfio-pci: modprobe vfio-pci");
        refusal.CanBeForced.ShouldBeFalse();
    }

    [Fact]
    public void A_function_that_is_not_there_is_refused() =>
        Plan(new ModelHost(Hosts.Usual()), "0000:ff:1f.7", new BindOptions { Force = true }).Refusals.ShouldHaveSingleItem().Reason.ShouldContain("no such function");

    [Theory]
    [InlineData("x86-intel-iommu-off")]
    [InlineData("x86-no-iommu")]
    [InlineData("arm64-noiommu-its")]
    public void Without_a_group_a_function_is_refused_unless_vfio_takes_such(string captured)
    {
        MemoryTree tree = Hosts.Captured(captured);
        string address = tree.FunctionWith("igb");
        Plan(new ModelHost(tree), address, new BindOptions { Force = true }).Refusals.ShouldHaveSingleItem().Reason.ShouldContain("in no IOMMU group");

        tree.AddFile("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
        Plan(new ModelHost(tree), address).IsRefused.ShouldBeFalse();
    }

    [Theory]
    [InlineData("x86-virtio-iommu")]
    [InlineData("arm64-virtio-iommu-its")]
    [InlineData("x86-amd-ir")]
    [InlineData("riscv64-imsic-iommu")]
    public void An_iommu_is_refused_whatever_its_class_says(string captured)
    {
        MemoryTree tree = Hosts.Captured(captured);
        string address = tree.List("sys/bus/pci/devices").First(name =>
            tree.Read($"sys/bus/pci/devices/{name}/class").Text is "0x080600" || tree.Read($"sys/bus/pci/devices/{name}/device").Text == "0x1057");

        BindingRefusal[] refusals = [.. Plan(new ModelHost(tree), address).Refusals];
        refusals.ShouldContain(refusal => refusal.Reason.Contains("it is an IOMMU", StringComparison.Ordinal) && refusal.CanBeForced);
    }

    [Fact]
    public void A_bridge_is_refused_even_by_force()
    {
        var host = new ModelHost(Hosts.Captured("x86-intel-ir-rich"));
        BindingRefusal refusal = Plan(host, host.FunctionWith("pcieport"), new BindOptions { Force = true }).Refusals.ShouldHaveSingleItem();
        refusal.Reason.ShouldContain("it is a bridge");
        refusal.CanBeForced.ShouldBeFalse();
    }

    [Fact]
    public void Group_companions_are_named_or_taken_along()
    {
        var host = new ModelHost(Hosts.Captured("x86-intel-ir-rich"));
        string address = host.FunctionWith("ahci"); // with the SMBus and LPC functions in one group

        BindingPlan alone = Plan(host, address);
        alone.Notes.ShouldHaveSingleItem().ShouldContain($"vfio bind --group {address}");
        alone.Notes[0].ShouldContain("i801_smbus");
        alone.Transitions.Select(transition => transition.Address.ToString()).ShouldBe([address]);

        BindingPlan together = Plan(host, address, new BindOptions { IncludeGroup = true });
        together.Notes.ShouldBeEmpty();
        together.Transitions.Select(transition => transition.Former.Driver).ShouldBe(["ahci", "lpc_ich", "i801_smbus"], ignoreOrder: true);
    }

    [Fact]
    public void The_use_of_a_companion_counts_where_it_is_taken_along()
    {
        MemoryTree tree = Hosts.Captured("x86-intel-ir-rich");
        string disk = tree.FunctionWith("ahci");
        string asked = tree.FunctionWith("i801_smbus");
        tree.Block("sda", $"{tree.ResolveLink($"sys/bus/pci/devices/{disk}")}/ata1/host0/target0:0:0/0:0:0:0/block", "8:0").Mounts("22 1 8:0 / / rw - ext4 /dev/root rw");
        var host = new ModelHost(tree);

        Plan(host, asked).IsRefused.ShouldBeFalse();
        Plan(host, asked, new BindOptions { IncludeGroup = true }).Refusals.ShouldHaveSingleItem().Reason.ShouldStartWith($"{disk}: sda is mounted on /");
    }

    [Fact]
    public void What_uses_a_function_is_said_and_can_be_passed_over_by_force()
    {
        MemoryTree tree = Hosts.Usual().Disk(out string address).Mounts("22 1 259:2 / /home rw - ext4 /dev/nvme0n1p2 rw");
        BindingRefusal refusal = Plan(new ModelHost(tree), address).Refusals.ShouldHaveSingleItem();
        refusal.Reason.ShouldBe($"{address}: nvme0n1p2 is mounted on /home: umount /home");
        refusal.CanBeForced.ShouldBeTrue();

        BindingPlan forced = Plan(new ModelHost(tree), address, new BindOptions { Force = true });
        forced.IsRefused.ShouldBeFalse();
        forced.Notes.ShouldHaveSingleItem().ShouldBe($"{address}: nvme0n1p2 is mounted on /home; taken by force");
    }

    [Fact]
    public void A_physical_function_is_refused_while_its_virtual_ones_are_in_use()
    {
        MemoryTree tree = Hosts.Captured("x86-intel-ir-rich");
        string virtualFunction = tree.FunctionWith("igbvf");
        string physical = tree.ReadLinkName($"sys/bus/pci/devices/{virtualFunction}/physfn")!;
        BindingRefusal refusal = Plan(new ModelHost(tree), physical).Refusals.ShouldHaveSingleItem();
        refusal.Reason.ShouldContain($"{virtualFunction} (igbvf)");
        refusal.CanBeForced.ShouldBeTrue();
        Plan(new ModelHost(tree), virtualFunction).IsRefused.ShouldBeFalse();
    }

    [Theory, MemberData(nameof(AllHosts))]
    public void A_plan_of_any_captured_function_is_refused_or_ends_at_vfio_pci(string captured)
    {
        var host = new ModelHost(Hosts.Captured(captured));
        int functions = 0;
        foreach (string address in host.List("sys/bus/pci/devices"))
        {
            BindingPlan plan = Plan(host, address);
            (plan.IsRefused || plan.Steps.IsEmpty || plan.Steps[^1] == BindingStep.Attach(PciAddress.Parse(address), "vfio-pci")).ShouldBeTrue(address);
            functions++;
        }

        functions.ShouldBeGreaterThan(2);
    }

    private static BindingPlan Plan(ModelHost host, string address, BindOptions? options = null) =>
        BindPlanner.Plan(new BindingEvidence(host), PciAddress.Parse(address), options ?? new BindOptions());
}
