using System.Collections.Immutable;
using VfioSharp.Devices.Interop;
using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Tests.Binding;

/// <summary>Whole binds and unbinds on a model of the driver core, with every step failing in turn.</summary>
public sealed class VfioBindingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> AllHosts => CapturedHosts.Names;

    public void Dispose() => folder.Dispose();

    [Theory, MemberData(nameof(AllHosts))]
    public void What_was_bound_and_unbound_is_as_it_was(string captured)
    {
        var host = new ModelHost(Hosts.Captured(captured));
        VfioBinding binding = host.Open(folder);
        foreach (string name in host.List("sys/bus/pci/devices"))
        {
            PciAddress address = PciAddress.Parse(name);
            ImmutableSortedDictionary<string, string> before = host.State;
            if (host.DriverOf(address) == "vfio-pci")
            {
                binding.Bind(address).Status.ShouldBe(BindingStatus.Unchanged);
                continue;
            }

            BindOutcome bound = binding.Bind(address, new BindOptions { IncludeGroup = true });
            if (bound.Status == BindingStatus.Refused)
            {
                host.State.ShouldBe(before);
                continue;
            }

            bound.Succeeded.ShouldBeTrue(bound.Message);
            host.DriverOf(address).ShouldBe("vfio-pci");
            binding.Bind(address).Status.ShouldBe(BindingStatus.Unchanged);
            foreach (string each in before.Keys.Where(each => host.DriverOf(PciAddress.Parse(each)) == "vfio-pci" && !before[each].StartsWith("vfio-pci", StringComparison.Ordinal)))
            {
                BindOutcome unbound = binding.Unbind(PciAddress.Parse(each));
                unbound.Status.ShouldBe(BindingStatus.Done, unbound.Message);
            }

            host.State.ShouldBe(before);
            binding.Unbind(address).Status.ShouldBe(BindingStatus.Unchanged);
        }
    }

    [Theory]
    [InlineData(false, null, "igb")]
    [InlineData(true, null, "igb")]
    [InlineData(false, "igb", "igb")]
    [InlineData(false, "vfio-pci", "igb")]
    [InlineData(true, "vfio-pci", "igb")]
    [InlineData(false, null, null)]
    [InlineData(true, null, null)]
    public void A_bind_that_fails_at_any_step_leaves_all_as_it_was(bool afterwards, string? standing, string? driver)
    {
        int failures = 0;
        for (int step = 0; step < 5; step++)
        {
            int failing = step;
            var host = new ModelHost(Hosts.Usual())
            {
                Fails = (index, _) => index == failing ? Errno.EIO : null,
                FailsAfterwards = afterwards,
            };
            string name = host.FunctionWith("igb");
            host.With(name, driver, standing);
            ImmutableSortedDictionary<string, string> before = host.State;

            BindOutcome outcome = host.Open(folder).Bind(PciAddress.Parse(name));
            if (outcome.Succeeded)
            {
                // Either there was no such step, or the last one worked though it said otherwise.
                host.DriverOf(PciAddress.Parse(name)).ShouldBe("vfio-pci");
                continue;
            }

            failures++;
            outcome.Status.ShouldBe(BindingStatus.Failed);
            outcome.Message.ShouldContain("EIO");
            outcome.Message.ShouldEndWith("all is as it was before");
            host.State.ShouldBe(before);
        }

        failures.ShouldBeGreaterThan(1);
    }

    [Fact]
    public void A_group_is_bound_whole_or_not_at_all()
    {
        int steps = Group(-1, out _, out _).Steps.Count;
        steps.ShouldBe(12);
        for (int failing = 0; failing < steps; failing++)
        {
            ModelHost host = Group(failing, out ImmutableSortedDictionary<string, string> before, out BindOutcome outcome);
            outcome.Status.ShouldBe(BindingStatus.Failed);
            host.State.ShouldBe(before, $"failing at {failing}");
        }
    }

    [Fact]
    public void What_cannot_be_restored_is_said_and_unbind_tries_again()
    {
        bool broken = true;
        var host = new ModelHost(Hosts.Usual()) { Fails = (index, _) => broken && index >= 3 ? Errno.EBUSY : null };
        PciAddress address = PciAddress.Parse(host.FunctionWith("igb"));
        ImmutableSortedDictionary<string, string> before = host.State;
        VfioBinding binding = host.Open(folder);

        BindOutcome outcome = binding.Bind(address);
        outcome.Status.ShouldBe(BindingStatus.Failed);
        outcome.Message.ShouldContain("could not be given back to igb and has no driver");
        outcome.Message.ShouldNotContain("as it was before");

        broken = false;
        binding.Unbind(address).Status.ShouldBe(BindingStatus.Done);
        host.State.ShouldBe(before);
    }

    [Fact]
    public void A_bind_that_was_cut_short_can_be_repeated()
    {
        for (int done = 1; done < 4; done++)
        {
            var host = new ModelHost(Hosts.Usual());
            PciAddress address = PciAddress.Parse(host.FunctionWith("igb"));
            ImmutableSortedDictionary<string, string> before = host.State;
            VfioBinding binding = host.Open(folder);
            foreach (BindingStep step in binding.PlanBind(address).Steps.Take(done))
            {
                host.Perform(step).ShouldBeNull();
            }

            binding.Bind(address).Status.ShouldBe(BindingStatus.Done);
            binding.Unbind(address).Status.ShouldBe(BindingStatus.Done);
            host.State.ShouldBe(before);
        }
    }

    [Theory]
    [InlineData(0, "it is still bound to vfio-pci")]
    [InlineData(1, "it is still bound to vfio-pci")]
    public void An_unbind_that_fails_before_the_release_leaves_the_function_bound(int failing, string said)
    {
        int first = int.MaxValue;
        var host = new ModelHost(Hosts.Usual()) { Fails = (index, _) => index == first + failing ? Errno.EIO : null };
        PciAddress address = PciAddress.Parse(host.FunctionWith("igb"));
        VfioBinding binding = host.Open(folder);
        binding.Bind(address);
        ImmutableSortedDictionary<string, string> before = host.State;
        first = host.Steps.Count;

        BindOutcome outcome = binding.Unbind(address);
        outcome.Status.ShouldBe(BindingStatus.Failed);
        outcome.Message.ShouldContain(said);
        host.State.ShouldBe(before);
    }

    [Fact]
    public void A_driver_that_refuses_its_function_makes_way_for_the_kernels_choice()
    {
        bool broken = true;
        var host = new ModelHost(Hosts.Usual()) { Fails = (_, step) => broken && (step.Target.EndsWith("igb/bind", StringComparison.Ordinal) || step.Target.EndsWith("_probe", StringComparison.Ordinal)) ? Errno.EIO : null };
        PciAddress address = PciAddress.Parse(host.FunctionWith("igb"));
        ImmutableSortedDictionary<string, string> before = host.State;
        VfioBinding binding = host.Open(folder);
        binding.Bind(address);

        BindOutcome outcome = binding.Unbind(address);
        outcome.Status.ShouldBe(BindingStatus.Failed);
        outcome.Message.ShouldContain("it has been released and is without a driver");

        broken = false;
        binding.Unbind(address).Status.ShouldBe(BindingStatus.Done);
        host.State.ShouldBe(before);
    }

    [Fact]
    public void A_function_that_vfio_pci_takes_by_its_ids_stays_there_and_that_is_said()
    {
        var host = new ModelHost(Hosts.Usual()) { Ids = "vfio-pci" };
        PciAddress address = PciAddress.Parse(host.FunctionWith("igb"));
        host.With(address.ToString(), "vfio-pci");
        BindOutcome outcome = host.Open(folder).Unbind(address);
        outcome.Status.ShouldBe(BindingStatus.Failed);
        outcome.Message.ShouldContain("the kernel chose vfio-pci again");
    }

    [Fact]
    public void What_is_refused_is_not_touched()
    {
        var host = new ModelHost(Hosts.Usual().Disk(out string name).Swaps("/dev/nvme0n1p1"));
        BindOutcome outcome = host.Open(folder).Bind(PciAddress.Parse(name));
        outcome.Status.ShouldBe(BindingStatus.Refused);
        outcome.Message.ShouldBe($"{name}: nvme0n1p1 is swap space: swapoff /dev/nvme0n1p1");
        host.Steps.ShouldBeEmpty();
    }

    [Fact]
    public void The_list_says_what_is_bound_who_has_it_open_and_what_it_was()
    {
        MemoryTree tree = Hosts.Usual().Disk(out string disk).Mounts("22 1 259:0 / /data rw - xfs /dev/nvme0n1 rw");
        string name = tree.FunctionWith("igb");
        string node = $"/dev/vfio/{tree.ReadLinkName($"sys/bus/pci/devices/{name}/iommu_group")}";
        tree.Process(77, "driver", node);
        var host = new ModelHost(tree);
        VfioBinding binding = host.Open(folder);
        binding.Bind(PciAddress.Parse(name)).Succeeded.ShouldBeTrue();

        ImmutableArray<FunctionBinding> list = binding.List();
        FunctionBinding bound = list.Single(function => function.Address.ToString() == name);
        (bound.IsBound, bound.IsCandidate, bound.FormerDriver, bound.DriverOverride).ShouldBe((true, true, "igb", "vfio-pci"));
        bound.Nodes.ShouldBe([node]);
        bound.Holders.ShouldHaveSingleItem().ToString().ShouldBe("process 77 (driver)");
        FunctionBinding used = list.Single(function => function.Address.ToString() == disk);
        (used.IsBound, used.IsCandidate).ShouldBe((false, true));
        used.Uses.ShouldBe(["nvme0n1 is mounted on /data"]);
        list.Count(function => function.IsCandidate).ShouldBeLessThanOrEqualTo(list.Length);
    }

    [Fact]
    public void An_archives_host_is_planned_for_but_not_changed()
    {
        var binding = new VfioBinding(CapturedHosts.Archive("x86-intel-ir"));
        PciAddress address = binding.List().First(function => function.Evidence.Driver == "igb").Address;
        binding.PlanBind(address).Steps.ShouldNotBeEmpty();
        Should.Throw<InvalidOperationException>(() => binding.Bind(address));
    }

    private ModelHost Group(int failing, out ImmutableSortedDictionary<string, string> before, out BindOutcome outcome)
    {
        var host = new ModelHost(Hosts.Captured("x86-intel-ir-rich")) { Fails = (index, _) => index == failing ? Errno.EIO : null };
        before = host.State;
        outcome = host.Open(folder).Bind(PciAddress.Parse(host.FunctionWith("ahci")), new BindOptions { IncludeGroup = true });
        return host;
    }
}
