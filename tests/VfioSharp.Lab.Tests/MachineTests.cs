using VfioSharp.Lab.Tests.Machines;

namespace VfioSharp.Lab.Tests;

public class MachineTests
{
    private static readonly Machine Machine = Catalogue.X64("6.12", Iommu.IntelRemapping, "nvme,addr=3", "igb");

    [Fact]
    public void A_disk_gets_a_medium_and_a_network_function_no_boot_code() =>
        string.Join(' ', Machine.Arguments()).ShouldEndWith(
            "-device intel-iommu,intremap=on -blockdev driver=null-co,node-name=disk0,size=67108864,read-zeroes=on -device nvme,addr=3,drive=disk0,serial=lab -device igb,romfile=");

    [Fact]
    public void A_function_that_is_served_is_found_by_its_socket_and_shown_memory_that_can_be_shared()
    {
        Machine served = Machine.WithServed("/folder", "one", "two");
        string.Join(' ', served.Arguments()).ShouldEndWith(
            """ -device {"driver":"vfio-user-pci","id":"one","addr":"10","socket":{"type":"unix","path":"one"}}"""
            + """ -device {"driver":"vfio-user-pci","id":"two","addr":"11","socket":{"type":"unix","path":"two"}}"""
            + " -object memory-backend-memfd,id=memory,size=768M,share=on -machine memory-backend=memory");
        served.AddressOf("two").ShouldBe("0000:00:11.0");
    }

    [Fact]
    public void The_words_of_a_scenario_follow_what_is_for_the_kernel() =>
        Machine.With("intremap=nosid").WithOverride().KernelCommandLine("audit", ["x"]).ShouldEndWith(
            " intel_iommu=on intremap=nosid vfio_iommu_type1.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=1 -- audit x");

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("a\"b")]
    public void A_word_that_would_not_arrive_as_it_is_is_refused(string word) =>
        Should.Throw<ArgumentException>(() => Machine.KernelCommandLine("audit", [word]));

    [Fact]
    public void Whatever_makes_a_run_another_gives_it_another_folder()
    {
        string[] names =
        [
            Machine.FolderName("audit", []), Machine.FolderName("audit", ["x"]), Machine.FolderName("echo", []),
            Machine.With("a=b").FolderName("audit", []), Machine.WithDevices("edu").FolderName("audit", []),
            (Machine with { Kernel = "6.1" }).FolderName("audit", []), (Machine with { MemoryMiB = 512 }).FolderName("audit", []),
            Machine.WithServed("/folder", "one").FolderName("audit", []), (Machine with { Reboots = true }).FolderName("audit", []),
        ];
        names.Distinct().Count().ShouldBe(names.Length);
        Machine.WithDevices().FolderName("audit", []).ShouldBe(names[0]);
    }
}
