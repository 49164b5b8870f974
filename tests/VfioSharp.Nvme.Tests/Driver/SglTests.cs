using System.Buffers.Binary;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Controller;
using VfioSharp.Nvme.Driver;
using VfioSharp.Nvme.Spec;
using VfioSharp.Nvme.Tests.Hostile;

namespace VfioSharp.Nvme.Tests.Driver;

public sealed class SglTests
{
    private const int Sgls = 536; // in Identify Controller (NVM Express Base 2.0, figure 275)
    private const byte SglFlags = 0x40; // PSDT 01b: SGL, metadata in one buffer

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1U, 0, 16, 0)] // 2 pages: the command has room for both
    [InlineData(1U, 512, 16, SglFlags)] // 3 pages
    [InlineData(1U, 4, 24, SglFlags)]
    [InlineData(2U, 0, 256, SglFlags)]
    [InlineData(0U, 0, 256, 0)] // it takes none
    [InlineData(3U, 0, 256, 0)] // reserved
    public async Task One_descriptor_takes_the_place_of_a_list_of_pages(uint support, int offset, int blocks, byte flags)
    {
        var model = new ScriptedController
        {
            Identify = (structure, page) =>
            {
                if (structure == IdentifyStructure.Controller)
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(Sgls), support);
                }
            },
        };
        await using PciFunction function = Loopback.Attach(model);
        await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, stop: Stop);
        await using NvmeQueue queue = await driver.CreateQueueAsync(new NvmeQueueOptions { Completion = NvmeCompletionMode.Caller }, Stop);
        using DmaBuffer data = function.Dma.Allocate(0x40000);
        queue.TryWrite(driver.Namespaces[0], 0, blocks, data, offset, 1).ShouldBeTrue();
        queue.Submit();

        SubmissionEntry command = model.IoCommands.ShouldHaveSingleItem();
        command.Flags.ShouldBe(flags);
        command.Prp1.ShouldBe(data.Iova.Value + (ulong)offset);
        if (flags == SglFlags)
        {
            // Length in bytes 8 to 11, data block (0) at an address (0) in byte 15 (4.4.1.1).
            command.Prp2.ShouldBe((ulong)blocks * ScriptedController.BlockSize);
        }
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(4, 24)]
    [InlineData(512, 256)]
    public async Task What_an_SGL_carries_is_read_again(int offset, int blocks)
    {
        using NvmeNamespace medium = NvmeNamespace.InMemory(1 << 20);
        await using var controller = new NvmeController(new NvmeControllerOptions { Namespaces = [medium] });
        await using PciFunction function = Loopback.Attach(controller);
        await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, stop: Stop);
        await using NvmeQueue queue = await driver.CreateQueueAsync(stop: Stop);
        NvmeNamespaceInfo space = driver.Namespaces[0];
        int length = blocks * space.BlockSize;
        using DmaBuffer written = function.Dma.Allocate(offset + length);
        using DmaBuffer read = function.Dma.Allocate(offset + length + 4);
        new Random(1).NextBytes(written.Span);
        read.Span.Fill(0xEE);
        await queue.WriteAsync(space, 3, blocks, written, offset);
        await queue.ReadAsync(space, 3, blocks, read, offset);

        read.Span.Slice(offset, length).SequenceEqual(written.Span[offset..]).ShouldBeTrue();
        read.Span[..offset].ContainsAnyExcept((byte)0xEE).ShouldBeFalse();
        read.Span[(offset + length)..].ContainsAnyExcept((byte)0xEE).ShouldBeFalse();
    }
}
