using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Controller;
using VfioSharp.Nvme.Spec;
using VfioSharp.Pci.Configuration;
using static VfioSharp.Nvme.Tests.Controller.RawDriver;

namespace VfioSharp.Nvme.Tests.Controller;

public class LifecycleTests
{
    [Fact]
    public async Task It_polls_only_while_it_is_enabled()
    {
        await using RawDriver driver = Attach();
        driver.Controller.IsPolling.ShouldBeFalse();
        driver.Enable();
        driver.Controller.IsPolling.ShouldBeTrue();
        driver.Disable();
        WaitUntil(() => !driver.Controller.IsPolling, "it stops polling");
    }

    [Theory]
    [InlineData(0x0000001FU, 0x00460001U, 0UL)] // a completion queue of one entry
    [InlineData(0x001F0000U, 0x00460001U, 0UL)] // a submission queue of one entry
    [InlineData(0x001F001FU, 0x00460011U, 0UL)] // another command set
    [InlineData(0x001F001FU, 0x00460801U, 0UL)] // another arbitration
    [InlineData(0x001F001FU, 0x00460281U, 0UL)] // pages of 128 KiB
    [InlineData(0x001F001FU, 0x00460001U, 8UL)] // a queue at no page
    public async Task What_cannot_be_enabled_fails(uint attributes, uint configuration, ulong offset)
    {
        await using RawDriver driver = Attach();
        DmaBuffer memory = driver.Allocate(64 << 10);
        driver.Bar.Registers.Write32(0x24, attributes);
        driver.Bar.Registers.Write64(0x28, memory.Iova.Value + offset);
        driver.Bar.Registers.Write64(0x30, memory.Iova.Value);
        driver.Bar.Registers.Write32(0x14, configuration);
        driver.WaitFor(ControllerStatus.Fatal | ControllerStatus.Ready, ControllerStatus.Fatal);
        driver.Bar.Registers.Write32(0x14, 0);
        driver.WaitFor(ControllerStatus.Fatal, ControllerStatus.None);
        driver.Enable();
    }

    [Fact]
    public async Task Registers_read_as_the_specification_says()
    {
        await using RawDriver driver = Attach();
        driver.Bar.Registers.Read64(0).ShouldBe(0x0040_0020_1401_0FFFUL); // 4096 entries, CQR, 10 s, NVM command set, pages to 64 KiB
        driver.Bar.Registers.Read32(8).ShouldBe(0x0001_0400U);
        driver.Bar.Registers.Write32(0x24, 0x0011_0022);
        driver.Bar.Registers.Read32(0x24).ShouldBe(0x0011_0022U);
        driver.Bar.Registers.Write32(0x28, 0x1000);
        driver.Bar.Registers.Write32(0x2C, 7);
        driver.Bar.Registers.Read64(0x28).ShouldBe(0x7_0000_1000UL);
        driver.Bar.Registers.Write64(0x30, 0x8_0000_2000);
        driver.Bar.Registers.Read32(0x34).ShouldBe(8U);
        driver.Bar.Registers.Read32(0x1C).ShouldBe(0U);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_shutdown_completes_and_stops_the_polling(int notice)
    {
        await using RawDriver driver = Start();
        driver.Bar.Registers.Write32(0x14, ControllerConfiguration.Of(PageSize).With((ShutdownNotice)notice).Value);
        driver.WaitFor(ControllerStatus.ShutdownMask, ControllerStatus.ShutdownComplete);
        WaitUntil(() => !driver.Controller.IsPolling, "it stops polling");
        driver.Disable();
        driver.Status.ShouldBe(ControllerStatus.None);
        driver.Enable();
        driver.CreateQueue(1).Execute(Io(IoOpcode.Flush, 0, 1, 0)).Status.ShouldBe(NvmeStatus.Success);
    }

    [Fact]
    public async Task A_reset_in_the_middle_of_work_leaves_a_controller_like_new()
    {
        await using RawDriver driver = Start();
        DmaBuffer data = driver.Allocate(PageSize);
        for (int round = 0; round < 20; round++)
        {
            RawQueue queue = driver.CreateQueue(1, 256);
            for (int i = 0; i < 200; i++)
            {
                queue.Submit(Io(IoOpcode.Write, (ulong)i, 8, data.Iova.Value), rings: false);
            }

            queue.Ring();
            if (round % 2 == 0)
            {
                driver.Disable();
            }
            else
            {
                await driver.Function.ResetAsync(TestContext.Current.CancellationToken);
                driver.Bar.Registers.Read64(0x28).ShouldBe(0UL);
                driver.Function.Configuration.SetCommand(PciCommand.BusMaster | PciCommand.MemorySpace, true);
            }

            driver.Status.ShouldBe(ControllerStatus.None);
            driver.Bar.Registers.Read32(0x1008).ShouldBe(0U); // the doorbells start anew
            driver.Enable();
        }
    }

    [Fact]
    public async Task A_controller_can_be_disposed_while_it_works()
    {
        RawDriver driver = Start();
        RawQueue queue = driver.CreateQueue(1, 256);
        DmaBuffer data = driver.Allocate(PageSize);
        for (int i = 0; i < 200; i++)
        {
            queue.Submit(Io(IoOpcode.Write, (ulong)i, 8, data.Iova.Value), rings: false);
        }

        queue.Ring();
        await driver.Controller.DisposeAsync();
        await driver.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(129)]
    public void Options_out_of_their_range_are_refused(int queues)
    {
        using NvmeNamespace memory = NvmeNamespace.InMemory(1 << 20);
        Should.Throw<ArgumentException>(() => new NvmeController(new NvmeControllerOptions { Namespaces = [memory], IoQueues = queues })).Message.ShouldContain("1 to 128");
        Should.Throw<ArgumentException>(() => new NvmeController(new NvmeControllerOptions { Namespaces = [] }));
        Should.Throw<ArgumentException>(() => new NvmeController(new NvmeControllerOptions { Namespaces = [memory, memory] }));
        Should.Throw<ArgumentException>(() => NvmeNamespace.InMemory(1000));
        Should.Throw<ArgumentException>(() => NvmeNamespace.InMemory(4096, 1024));
    }

    [Fact]
    public async Task A_namespace_belongs_to_one_controller_at_a_time()
    {
        using NvmeNamespace memory = NvmeNamespace.InMemory(1 << 20);
        var options = new NvmeControllerOptions { Namespaces = [memory] };
        await using (new NvmeController(options))
        {
            Should.Throw<InvalidOperationException>(() => new NvmeController(options));
        }

        await using var again = new NvmeController(options);
    }
}
