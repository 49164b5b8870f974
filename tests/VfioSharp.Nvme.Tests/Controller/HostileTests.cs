using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Controller;
using VfioSharp.Nvme.Spec;
using VfioSharp.Pci.Configuration;
using VfioSharp.Tests.Fuzzing;
using static VfioSharp.Nvme.Tests.Controller.RawDriver;

namespace VfioSharp.Nvme.Tests.Controller;

public class HostileTests
{
    [Theory]
    [InlineData(NvmeDoorbells.Mapped)]
    [InlineData(NvmeDoorbells.Trapped)]
    public async Task A_doorbell_outside_of_its_queue_is_an_event_and_nothing_else(NvmeDoorbells doorbells)
    {
        await using RawDriver driver = Start(options => options with { Doorbells = doorbells });
        RawQueue queue = driver.CreateQueue(1, 16);
        ushort request = driver.Admin.Submit(Admin10(AdminOpcode.AsyncEventRequest));
        driver.WriteDoorbell(2, 16);
        CompletionEntry told = driver.Admin.Take();
        told.CommandId.ShouldBe(request);
        told.Dword0.ShouldBe(0x0001_0100U); // error log, invalid doorbell value, error
        driver.WriteDoorbell(2, uint.MaxValue);
        driver.WriteDoorbell(2, 0);
        queue.Execute(Io(IoOpcode.Flush, 0, 1, 0)).Status.ShouldBe(NvmeStatus.Success);
    }

    [Fact]
    public async Task A_queue_whose_memory_is_not_there_makes_the_controller_fail_and_a_reset_helps()
    {
        await using RawDriver driver = Start();
        driver.Admin.Execute(CreateCompletion(1, 16, driver.Allocate(PageSize).Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        driver.Admin.Execute(CreateSubmission(1, 16, 0x5_0000_0000_0000, 1)).Status.ShouldBe(NvmeStatus.Success);
        driver.WriteDoorbell(2, 1);
        driver.WaitFor(ControllerStatus.Fatal, ControllerStatus.Fatal);
        driver.Disable();
        driver.Enable();
        driver.CreateQueue(1).Execute(Io(IoOpcode.Flush, 0, 1, 0)).Status.ShouldBe(NvmeStatus.Success);
    }

    [Fact]
    public async Task Memory_that_is_taken_away_in_the_middle_of_work_is_not_touched_any_more()
    {
        await using RawDriver driver = Start();
        RawQueue queue = driver.CreateQueue(1, 256);
        for (int round = 0; round < 50; round++)
        {
            DmaBuffer data = driver.Allocate(PageSize);
            for (int i = 0; i < 100; i++)
            {
                queue.Submit(Io(IoOpcode.Write, (ulong)i, 8, data.Iova.Value), rings: false);
            }

            queue.Ring();
            data.Dispose();
            for (int i = 0; i < 100; i++)
            {
                queue.Take().Status.ShouldBeOneOf(NvmeStatus.Success, NvmeStatus.DataTransferError);
            }
        }

        queue.Submission.Dispose();
        driver.WriteDoorbell(2, 1);
        driver.WaitFor(ControllerStatus.Fatal, ControllerStatus.Fatal);
    }

    [Fact]
    public async Task Nothing_is_touched_while_the_function_may_not_reach_memory()
    {
        await using RawDriver driver = Start();
        RawQueue queue = driver.CreateQueue(1);
        queue.Execute(Io(IoOpcode.Flush, 0, 1, 0)).Status.ShouldBe(NvmeStatus.Success);
        driver.Function.Configuration.SetCommand(PciCommand.BusMaster, false);
        long before = driver.Controller.ReadStatistics().IoCommands;
        queue.Submit(Io(IoOpcode.Flush, 0, 1, 0));
        Thread.Sleep(20);
        driver.Controller.ReadStatistics().IoCommands.ShouldBe(before);
        driver.Function.Configuration.SetCommand(PciCommand.BusMaster, true);
        queue.Take().Status.ShouldBe(NvmeStatus.Success);
    }

    [Fact]
    public async Task Memory_that_may_only_be_read_is_not_written()
    {
        await using RawDriver driver = Start();
        RawQueue queue = driver.CreateQueue(1);
        DmaBuffer data = driver.Allocate(PageSize, DmaAccess.Read);
        queue.Execute(Io(IoOpcode.Write, 0, 8, data.Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        queue.Execute(Io(IoOpcode.Read, 0, 8, data.Iova.Value)).Status.ShouldBe(NvmeStatus.DataTransferError);
    }

    [Fact]
    public void Whatever_commands_say_each_ends_once_and_the_controller_goes_on() => Fuzz.Run(400, random =>
    {
        RawDriver driver = Start(null, NvmeNamespace.InMemory(1 << 20), NvmeNamespace.InMemory(1 << 20, 4096));
        try
        {
            RawQueue queue = driver.CreateQueue(1);
            DmaBuffer data = driver.Allocate(256 << 10);
            for (int i = 0; i + 8 <= data.Length; i += 8)
            {
                BitConverter.TryWriteBytes(data.Slice(i, 8), Address());
            }

            for (int i = 0; i < 100; i++)
            {
                var command = new SubmissionEntry
                {
                    Opcode = (byte)(random.Next() % 10),
                    Flags = random.Next() % 4 == 0 ? (byte)random.Next() : (byte)(random.Next() % 2 * 0x40),
                    NamespaceId = random.Next() % 8 == 0 ? (uint)random.Next() : (uint)(random.Next() % 3),
                    Prp1 = Address(),
                    Prp2 = Address(),
                    Dword10 = random.Next() % 4 == 0 ? (uint)random.Next() : (uint)(random.Next() % 256),
                    Dword11 = random.Next() % 4 == 0 ? (uint)random.Next() : 0,
                    Dword12 = random.Next() % 4 == 0 ? (uint)random.Next() : (uint)(random.Next() % 512),
                };
                ushort id = queue.Submit(command);
                queue.Take().CommandId.ShouldBe(id);
            }

            driver.Status.ShouldBe(ControllerStatus.Ready);
            queue.TryTake(out _).ShouldBeFalse();

            ulong Address() => (random.Next() % 8) switch
            {
                0 => random.Next(),
                1 => data.Iova.Value + (random.Next() % (256 << 10)),
                2 => (data.Iova.Value + (random.Next() % (256 << 10))) & ~15UL,
                _ => data.Iova.Value + (random.Next() % 64 * PageSize),
            };
        }
        finally
        {
            driver.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    });
}
