using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.Linux.Backends;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Tests.Backends;

public class DmaFaultTests
{
    private static readonly PciAddress Address = PciAddress.Parse("0000:01:00.0");
    private static readonly DmaLimits Limits = new([new IovaRange(new Iova(0), new Iova(0xfedf_ffff))], 0x1000, int.MaxValue);

    [Theory]
    [InlineData((int)Errno.ENOSPC, VfioBackend.Group, "dma_entry_limit")]
    [InlineData((int)Errno.EEXIST, VfioBackend.Group, "share their mappings")]
    [InlineData((int)Errno.EINVAL, VfioBackend.Group, "usable are 0x0-0xfedfffff in pages of 0x1000")]
    [InlineData((int)Errno.EFAULT, VfioBackend.IommuFd, "cannot be pinned")]
    [InlineData((int)Errno.EOPNOTSUPP, VfioBackend.NoIommu, "physical addresses")]
    [InlineData((int)Errno.EIO, VfioBackend.Group, "(EIO)")]
    public void A_refusal_says_why(int error, VfioBackend backend, string text)
    {
        PciException fault = DmaFault.Of(Address, backend, new DmaRegion(new Iova(0x10000), 0, 0x2000, DmaAccess.ReadWrite, null, 0), Limits, (Errno)error);
        fault.Message.ShouldStartWith("0000:01:00.0: 0x2000 bytes cannot be shown to the function at 0x10000");
        fault.Message.ShouldContain(text);
        fault.ErrorNumber.ShouldBe(error);
    }

    [Fact]
    public void A_limit_on_pinned_memory_is_told_with_what_counts_and_what_is_needed()
    {
        string text = DmaFault.Describe(8 << 20, 6 << 20, (4 << 20) + 1);
        text.ShouldContain("RLIMIT_MEMLOCK is 8192 KiB, 6144 KiB of it are pinned, and 4097 KiB more were asked for");
        text.ShouldContain("ulimit -l");
        text.ShouldContain("LimitMEMLOCK=");
        DmaFault.Describe(8 << 20, null, 4096).ShouldStartWith("RLIMIT_MEMLOCK is 8192 KiB, 4 KiB more were asked for");
        DmaFault.Describe(ulong.MaxValue, 0, 4096).ShouldBe("there is no memory left to pin");
    }

    [Theory]
    [InlineData("Name:\tx\nVmLck:\t    6144 kB\nVmPin:\t       8 kB\n", "VmLck:", 6144UL << 10)]
    [InlineData("VmLck:\t    6144 kB\nVmPin:\t       8 kB\n", "VmPin:", 8UL << 10)]
    [InlineData("VmLck:\n", "VmLck:", null)]
    [InlineData("VmLck: x kB", "VmLck:", null)]
    [InlineData(null, "VmLck:", null)]
    public void What_is_pinned_already_is_read_from_the_process_s_status(string? status, string key, ulong? bytes) =>
        DmaFault.ReadStatus(status, key).ShouldBe(bytes);

    [Theory]
    [InlineData(3, (int)Errno.None, "the host has 3 left to give")]
    [InlineData(0, (int)Errno.ENOSPC, "no interrupt vectors left")]
    [InlineData(0, (int)Errno.EINVAL, "(EINVAL)")]
    public void Vectors_that_cannot_be_had_are_counted(int available, int error, string text)
    {
        PciException fault = InterruptFault.Of(Address, InterruptKind.Msix, 8, available, (Errno)error);
        fault.Message.ShouldStartWith("0000:01:00.0: 8 MSI-X vectors cannot be enabled");
        fault.Message.ShouldContain(text);
    }
}
