using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Tests.Evidence;

public sealed class KernelCommandLineTests
{
    [Fact]
    public void What_does_not_bear_on_isolation_is_dropped() =>
        KernelCommandLine.Parse("root=/dev/sda1 rd.iscsi.password=hunter2 intel_iommu=on,sm_on quiet token=s3cret intremap=nosid")
            .ToString().ShouldBe("intel_iommu=on,sm_on intremap=nosid");

    [Fact]
    public void Nothing_after_two_dashes_is_the_kernels() =>
        KernelCommandLine.Parse("quiet -- intremap=nosid").Parameters.ShouldBeEmpty();

    [Fact]
    public void Dashes_and_underscores_are_alike_and_quotes_keep_spaces()
    {
        KernelCommandLine line = KernelCommandLine.Parse("vfio-pci.ids=\"8086:10c9 1b36:0010\" vfio-iommu-type1.allow-unsafe-interrupts");
        line.Parameters.Select(p => p.Key).ShouldBe(["vfio_pci.ids", "vfio_iommu_type1.allow_unsafe_interrupts"]);
        line.Flag("vfio_iommu_type1.allow_unsafe_interrupts").ShouldBe(true);
        KernelCommandLine.Parse(line.ToString()).Parameters.ShouldBe(line.Parameters);
    }

    [Theory]
    [InlineData("iommufd.allow_unsafe_interrupts=1", true)]
    [InlineData("iommufd.allow_unsafe_interrupts=yes", true)]
    [InlineData("iommufd.allow_unsafe_interrupts=on", true)]
    [InlineData("iommufd.allow_unsafe_interrupts=off", false)]
    [InlineData("iommufd.allow_unsafe_interrupts=N", false)]
    [InlineData("iommufd.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=0", false)]
    [InlineData("iommufd.allow_unsafe_interrupts=perhaps", null)]
    [InlineData("", null)]
    public void Flags_are_read_as_the_kernel_reads_them(string text, bool? expected) =>
        KernelCommandLine.Parse(text).Flag("iommufd.allow_unsafe_interrupts").ShouldBe(expected);

    [Fact]
    public void Words_of_all_occurrences_are_listed() =>
        KernelCommandLine.Parse("intremap=on,nosid intremap=off").Words("intremap").ShouldBe(["on", "nosid", "off"]);
}
