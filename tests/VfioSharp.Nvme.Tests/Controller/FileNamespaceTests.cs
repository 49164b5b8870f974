using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Nvme.Controller;
using VfioSharp.Nvme.Spec;
using static VfioSharp.Nvme.Tests.Controller.RawDriver;

namespace VfioSharp.Nvme.Tests.Controller;

public sealed class FileNamespaceTests : IDisposable
{
    private const int Length = 8 << 20;

    // Beside the program: a file system of memory has no direct I/O.
    private readonly string path = Path.Combine(AppContext.BaseDirectory, $"namespace-{Guid.NewGuid():n}");

    public FileNamespaceTests()
    {
        using FileStream file = File.Create(path);
        file.SetLength(Length);
    }

    public void Dispose() => File.Delete(path);

    [Theory]
    [InlineData(false, 512)]
    [InlineData(false, 4096)]
    [InlineData(true, 512)]
    [InlineData(true, 4096)]
    public async Task What_is_written_is_in_the_file_and_read_back(bool isDirect, int blockSize)
    {
        byte[] expected = new byte[64 << 10];
        Random.Shared.NextBytes(expected);
        int blocks = expected.Length / blockSize;
        await using (RawDriver driver = Start(null, NvmeNamespace.Open(path, new NvmeFileOptions { IsDirect = isDirect, BlockSize = blockSize })))
        {
            RawQueue queue = driver.CreateQueue(1);
            DmaBuffer data = driver.Allocate(128 << 10);
            foreach (ulong offset in new[] { 0UL, 512UL, 4UL })
            {
                data.Span.Clear();
                expected.CopyTo(data.Slice((int)offset, expected.Length));
                SubmissionEntry write = Sgl(IoOpcode.Write, data.Iova.Value + offset);
                queue.Execute(write).Status.ShouldBe(NvmeStatus.Success);
                queue.Execute(Sgl(IoOpcode.Compare, data.Iova.Value + offset)).Status.ShouldBe(NvmeStatus.Success);
                data.Span.Clear();
                queue.Execute(Sgl(IoOpcode.Read, data.Iova.Value + offset)).Status.ShouldBe(NvmeStatus.Success);
                data.Slice((int)offset, expected.Length).SequenceEqual(expected).ShouldBeTrue();
            }

            queue.Execute(Sgl(IoOpcode.Write, data.Iova.Value) with { Dword12 = (uint)(blocks - 1) | (uint)IoFlags.ForceUnitAccess }).Status.ShouldBe(NvmeStatus.Success);
            queue.Execute(Io(IoOpcode.WriteZeroes, 0, 1, 0)).Status.ShouldBe(NvmeStatus.Success);
            queue.Execute(Io(IoOpcode.Flush, 0, 1, 0)).Status.ShouldBe(NvmeStatus.Success);
            data.Span[0] ^= 1;
            queue.Execute(Sgl(IoOpcode.Compare, data.Iova.Value)).Status.ShouldBe(NvmeStatus.CompareFailure);
        }

        byte[] file = File.ReadAllBytes(path);
        file.Length.ShouldBe(Length);
        file.AsSpan(0, blockSize).IndexOfAnyExcept((byte)0).ShouldBe(-1);

        SubmissionEntry Sgl(IoOpcode opcode, ulong address) =>
            Io(opcode, 0, blocks, address, SglDescriptor.Of(SglType.DataBlock, address, (uint)expected.Length).Rest) with { Flags = 0x40 };
    }

    [Fact]
    public async Task A_file_that_is_read_only_is_not_written()
    {
        await using RawDriver driver = Start(null, NvmeNamespace.Open(path, new NvmeFileOptions { IsReadOnly = true }));
        RawQueue queue = driver.CreateQueue(1);
        DmaBuffer data = driver.Allocate(PageSize);
        queue.Execute(Io(IoOpcode.Read, 0, 8, data.Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        queue.Execute(Io(IoOpcode.Write, 0, 8, data.Iova.Value)).Status.ShouldBe(NvmeStatus.NamespaceWriteProtected);
        queue.Execute(Io(IoOpcode.WriteZeroes, 0, 8, 0)).Status.ShouldBe(NvmeStatus.NamespaceWriteProtected);
        driver.Admin.Execute(Admin10(AdminOpcode.Identify, 0, prp1: data.Iova.Value, namespaceId: 1)).Status.ShouldBe(NvmeStatus.Success);
        data.Span[99].ShouldBe((byte)1);
    }

    [Fact]
    public void What_cannot_be_opened_says_why()
    {
        Should.Throw<PciException>(() => NvmeNamespace.Open(path + "-absent")).Message.ShouldContain("truncate");
        Should.Throw<PciException>(() => NvmeNamespace.Open(AppContext.BaseDirectory, new NvmeFileOptions { IsReadOnly = true })).Message.ShouldContain("no file or block device");
        using NvmeNamespace first = NvmeNamespace.Open(path);
        Should.Throw<PciException>(() => NvmeNamespace.Open(path)).Message.ShouldContain("locked");
        using NvmeNamespace readOnly = NvmeNamespace.Open(path, new NvmeFileOptions { IsReadOnly = true });
        readOnly.Length.ShouldBe(Length);
    }

    [Fact]
    public async Task A_file_that_was_cut_short_is_an_error_of_the_medium()
    {
        await using RawDriver driver = Start(null, NvmeNamespace.Open(path));
        RawQueue queue = driver.CreateQueue(1);
        DmaBuffer data = driver.Allocate(PageSize);
        using (FileDescriptor file = FileDescriptor.Open(path, OpenFlags.O_RDWR, out _).ShouldNotBeNull())
        {
            file.SetLength(4096).ShouldBe(Errno.None);
        }

        queue.Execute(Io(IoOpcode.Read, 64, 8, data.Iova.Value)).Status.ShouldBe(NvmeStatus.UnrecoveredReadError);
    }
}
