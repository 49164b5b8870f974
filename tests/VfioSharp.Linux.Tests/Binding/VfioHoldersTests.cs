using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Tests.Binding;

public sealed class VfioHoldersTests
{
    private const string Device = "anon_inode:[vfio-device]";

    private readonly MemoryTree tree = Hosts.Usual();
    private readonly string address;
    private readonly string group;

    public VfioHoldersTests()
    {
        address = tree.FunctionWith("igb");
        group = tree.ReadLinkName($"sys/bus/pci/devices/{address}/iommu_group")!;
    }

    [Fact]
    public void Who_has_the_group_open_holds_its_functions()
    {
        tree.Process(10, "qemu", "/dev/vfio/vfio", $"/dev/vfio/{group}", Device).Process(11, "shell", "/dev/pts/0", "socket:[123]");
        Holders().ShouldBe(["process 10 (qemu)"]);
    }

    [Fact]
    public void Who_has_another_group_or_only_a_container_open_does_not()
    {
        tree.Process(10, "qemu", "/dev/vfio/vfio", $"/dev/vfio/{group}1", Device).Process(11, "idle", "/dev/vfio/vfio");
        Holders().ShouldBeEmpty();
    }

    [Fact]
    public void Who_has_the_functions_own_device_open_holds_it()
    {
        tree.AddFile($"{tree.ResolveLink($"sys/bus/pci/devices/{address}")}/vfio-dev/vfio3/dev", "511:3\n");
        tree.Process(10, "driver", "/dev/vfio/devices/vfio3");
        Holders().ShouldBe(["process 10 (driver)"]);
        VfioHolders.NodesOf(tree, Function()).ShouldBe([$"/dev/vfio/{group}", "/dev/vfio/devices/vfio3"]);
    }

    [Fact]
    public void A_device_without_its_group_is_told_by_the_kernel_or_may_be_any()
    {
        tree.Process(10, "told", Device).Process(11, "other", Device).Process(12, "old", Device);
        tree.AddFile("proc/10/fdinfo/0", $"pos:\t0\nflags:\t02\nvfio-device-syspath: /{tree.ResolveLink($"sys/bus/pci/devices/{address}")}\n");
        tree.AddFile("proc/11/fdinfo/0", "pos:\t0\nvfio-device-syspath: /sys/devices/pci0000:00/0000:00:1f.6\n");
        tree.AddFile("proc/12/fdinfo/0", "pos:\t0\nflags:\t02\n");
        Holders().ShouldBe(["process 10 (told)", "process 12 (old), perhaps"]);
    }

    [Fact]
    public void A_group_without_an_iommu_has_a_name_of_its_own()
    {
        tree.AddFile($"sys/kernel/iommu_groups/{group}/name", "vfio-noiommu\n");
        tree.Process(10, "dpdk", $"/dev/vfio/noiommu-{group}");
        Holders().ShouldBe(["process 10 (dpdk)"]);
    }

    private FunctionEvidence Function() => HostEvidence.Read(tree).Functions.Single(function => function.Address == PciAddress.Parse(address));

    private string[] Holders() => [.. new VfioHolders(tree).Of(Function()).Select(holder => holder.ToString())];
}
