using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Driver;
using VfioSharp.Nvme.Tests.Hostile;

namespace VfioSharp.Nvme.Tests.Driver;

public sealed class DriverTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_controller_is_started_and_says_what_it_is()
    {
        var model = new ScriptedController();
        await using PciFunction function = Loopback.Attach(model);
        await using (NvmeDriver driver = await NvmeDriver.OpenAsync(function, stop: Stop))
        {
            driver.Controller.Model.ShouldBe("Scripted controller");
            driver.Controller.SerialNumber.ShouldBe("SCRIPT");
            driver.Controller.Version.ShouldBe(new Version(1, 4, 0));
            driver.Controller.MaxTransferLength.ShouldBe(32 * 4096); // MDTS 5
            driver.Controller.QueueCount.ShouldBe(new NvmeDriverOptions().MaxQueues);
            NvmeNamespaceInfo space = driver.Namespaces.ShouldHaveSingleItem();
            space.Id.ShouldBe(1U);
            space.BlockSize.ShouldBe(512);
            space.Length.ShouldBe(ScriptedController.BlockCount * 512);
        }

        model.WasShutDown.ShouldBeTrue();
        model.IsEnabled.ShouldBeFalse();
    }

    [Theory]
    [InlineData(NvmeCompletionMode.Interrupt, 8)]
    [InlineData(NvmeCompletionMode.Interrupt, 1)]
    [InlineData(NvmeCompletionMode.Interrupt, 0)]
    [InlineData(NvmeCompletionMode.Thread, 8)]
    [InlineData(NvmeCompletionMode.Thread, 0)]
    public async Task What_is_written_is_read_again(NvmeCompletionMode mode, int vectors)
    {
        var model = new ScriptedController(vectors);
        await using PciFunction function = Loopback.Attach(model);
        await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, stop: Stop);
        NvmeNamespaceInfo space = driver.Namespaces[0];
        await using NvmeQueue queue = await driver.CreateQueueAsync(new NvmeQueueOptions { Completion = mode }, Stop);
        using DmaBuffer data = function.Dma.Allocate(16384);
        new Random(1).NextBytes(data.Span);
        await queue.WriteAsync(space, 5, 16, data);
        await queue.FlushAsync(space);
        await queue.ReadAsync(space, 5, 16, data, 8192);

        data.Span[8192..].SequenceEqual(data.Span[..8192]).ShouldBeTrue();
        model.Medium.AsSpan(5 * 512, 8192).SequenceEqual(data.Span[..8192]).ShouldBeTrue();
        (await queue.CompareAsync(space, 5, 16, data)).ShouldBeTrue();
        (await queue.CompareAsync(space, 6, 16, data)).ShouldBeFalse();
        await queue.WriteZeroesAsync(space, 6, 2);
        model.Medium.AsSpan(6 * 512, 1024).ContainsAnyExcept((byte)0).ShouldBeFalse();
        await queue.DeallocateAsync(space, 8, 3);
        model.Medium.AsSpan(8 * 512, 3 * 512).ContainsAnyExcept((byte)0).ShouldBeFalse();
        model.Medium.AsSpan(11 * 512, 512).ContainsAnyExcept((byte)0).ShouldBeTrue();
    }

    [Fact]
    public async Task A_batch_rings_one_doorbell_and_tells_each_tag_once()
    {
        var model = new ScriptedController();
        await using PciFunction function = Loopback.Attach(model);
        await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, stop: Stop);
        NvmeNamespaceInfo space = driver.Namespaces[0];
        await using NvmeQueue queue = await driver.CreateQueueAsync(new NvmeQueueOptions { Completion = NvmeCompletionMode.Caller, Depth = 16 }, Stop);
        using DmaBuffer data = function.Dma.Allocate(16 * 512);
        int rung = model.DoorbellWrites;
        for (int i = 0; i < 16; i++)
        {
            queue.TryWrite(space, (ulong)i, 1, data, i * 512, (ulong)(1000 + i)).ShouldBeTrue();
        }

        queue.TryRead(space, 0, 1, data, 0, 7).ShouldBeFalse();
        model.IoCommands.ShouldBeEmpty();
        queue.Submit();
        model.DoorbellWrites.ShouldBe(rung + 1);
        var completions = new NvmeCompletion[20];
        queue.Poll(completions.AsSpan(0, 3)).ShouldBe(3);
        queue.Poll(completions.AsSpan(3)).ShouldBe(13);
        completions.Take(16).Select(each => each.Tag).ShouldBe(Enumerable.Range(1000, 16).Select(each => (ulong)each));
        completions.Take(16).ShouldAllBe(each => each.IsSuccess);
        queue.Poll(completions).ShouldBe(0);
    }
}
