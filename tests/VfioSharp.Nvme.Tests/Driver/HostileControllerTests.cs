using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Driver;
using VfioSharp.Nvme.Spec;
using VfioSharp.Nvme.Tests.Hostile;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Nvme.Tests.Driver;

/// <summary>Each lie that a controller can tell, and the error that it becomes.</summary>
public sealed class HostileControllerTests
{
    private static readonly NvmeDriverOptions Impatient = new()
    {
        IoTimeout = TimeSpan.FromMilliseconds(100),
        AdminTimeout = TimeSpan.FromMilliseconds(500),
        ReadyTimeout = TimeSpan.FromMilliseconds(300),
    };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Lies => new()
    {
        { "block 2^63", "2^63" }, { "block 2^0", "2^0" }, { "size", "more than 64 bits" }, { "entries", "entries of its submission" },
        { "namespaces descend", "list of namespaces" }, { "queue of one", "CAP.MQES" }, { "stride", "beyond" }, { "pages", "CAP.MPSMIN" }, { "no NVM", "CAP.CSS" },
        { "never ready", "did not enable" }, { "fatal", "CSTS.CFS" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task What_cannot_be_is_an_error_when_it_is_opened_and_memory_is_out_of_reach(string lie, string says)
    {
        var model = new ScriptedController();
        Tell(model, lie);
        await using PciFunction function = Loopback.Attach(model);
        NvmeException error = await Should.ThrowAsync<NvmeException>(async () => await NvmeDriver.OpenAsync(function, Impatient, Stop));
        error.Message.ShouldContain(says);
        model.IsEnabled.ShouldBeFalse();
    }

    [Theory]
    [InlineData("unknown id")]
    [InlineData("twice")]
    [InlineData("other queue")]
    [InlineData("head")]
    public async Task A_completion_that_nobody_asked_for_ends_the_use_of_the_controller_and_a_reset_brings_it_back(string lie)
    {
        var model = new ScriptedController();
        await using PciFunction function = Loopback.Attach(model);
        await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, Impatient, Stop);
        await using NvmeQueue queue = await driver.CreateQueueAsync(stop: Stop);
        using DmaBuffer data = function.Dma.Allocate(4096);
        bool lies = true;
        model.Answer = (id, command, entry) =>
        {
            if (!lies || id == 0)
            {
                return entry;
            }

            if (lie == "twice")
            {
                model.Post(id, entry);
                return entry;
            }

            return lie switch
            {
                "unknown id" => entry with { CommandId = (ushort)(entry.CommandId ^ 0x8000) },
                "other queue" => entry with { SubmissionQueue = 9 },
                _ => entry with { SubmissionHead = 5000 },
            };
        };
        NvmeStatus status = await queue.ExecuteAsync(NvmeCommand.Read(driver.Namespaces[0], 0, 1, data));
        if (lie != "twice")
        {
            status.ShouldBe(NvmeStatus.AbortedByHost);
        }

        await UntilAsync(driver, NvmeEventKind.ControllerFailed);
        model.CanReach(data.Iova.Value).ShouldBeFalse();
        (await Should.ThrowAsync<NvmeException>(async () => await queue.ReadAsync(driver.Namespaces[0], 0, 1, data))).Message.ShouldContain("ResetAsync");

        lies = false;
        await driver.ResetAsync(Stop);
        await queue.ReadAsync(driver.Namespaces[0], 0, 1, data);
    }

    [Fact]
    public async Task A_command_without_an_end_is_aborted_then_given_up_by_a_reset_and_the_queue_goes_on()
    {
        var model = new ScriptedController();
        await using PciFunction function = Loopback.Attach(model);
        await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, Impatient, Stop);
        await using NvmeQueue queue = await driver.CreateQueueAsync(stop: Stop);
        using DmaBuffer data = function.Dma.Allocate(4096);
        model.Accept = (id, _) => id == 0;
        NvmeException error = await Should.ThrowAsync<NvmeException>(async () => await queue.ReadAsync(driver.Namespaces[0], 0, 1, data));
        error.Status.ShouldBe(NvmeStatus.AbortedByHost);
        error.Message.ShouldContain("repeat it");
        model.AdminCommands.Count(command => command.Opcode == (byte)AdminOpcode.Abort).ShouldBe(1);
        await UntilAsync(driver, NvmeEventKind.CommandTimedOut);
        await UntilAsync(driver, NvmeEventKind.ControllerReset);
        model.Starts.ShouldBe(2);

        model.Accept = (_, _) => true;
        await queue.WriteAsync(driver.Namespaces[0], 0, 1, data);
    }

    [Fact]
    public async Task A_controller_that_is_gone_ends_each_command_once_and_takes_no_more()
    {
        var model = new ScriptedController();
        PciFunction function = Loopback.Attach(model);
        await using (function)
        {
            await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, stop: Stop);
            NvmeQueue batch = await driver.CreateQueueAsync(new NvmeQueueOptions { Completion = NvmeCompletionMode.Caller }, Stop);
            NvmeQueue awaited = await driver.CreateQueueAsync(stop: Stop);
            using DmaBuffer data = function.Dma.Allocate(4096);
            model.Accept = (id, _) => id == 0;
            batch.TryRead(driver.Namespaces[0], 0, 1, data, 0, 42).ShouldBeTrue();
            batch.Submit();
            Task read = awaited.ReadAsync(driver.Namespaces[0], 0, 1, data).AsTask();
            function.Lose();
            await Should.ThrowAsync<DeviceLostException>(read);
            await UntilAsync(driver, NvmeEventKind.ControllerLost);
            var completions = new NvmeCompletion[4];
            batch.Poll(completions).ShouldBe(1);
            completions[0].ShouldBe(new NvmeCompletion(42, NvmeStatus.HostPathingError, false));
            batch.Poll(completions).ShouldBe(0);
            driver.IsLost.ShouldBeTrue();
            Should.Throw<DeviceLostException>(() => batch.TryRead(driver.Namespaces[0], 0, 1, data, 0, 1));
            await Should.ThrowAsync<DeviceLostException>(async () => await awaited.ReadAsync(driver.Namespaces[0], 0, 1, data));
        }
    }

    [Fact]
    public async Task A_batch_allocates_nothing()
    {
        var model = new ScriptedController();
        await using PciFunction function = Loopback.Attach(model);
        await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, stop: Stop);
        await using NvmeQueue queue = await driver.CreateQueueAsync(new NvmeQueueOptions { Completion = NvmeCompletionMode.Caller }, Stop);
        using DmaBuffer data = function.Dma.Allocate(4096);
        NvmeNamespaceInfo space = driver.Namespaces[0];
        var completions = new NvmeCompletion[16];
        model.Accept = (id, _) => id == 0;
        model.IoCommands.EnsureCapacity(1 << 16);
        int done = 0;
        Allocations.Of(() =>
        {
            queue.TryRead(space, 0, 1, data, 0, 1);
            queue.Submit();
            model.Complete(queue.Id, model.IoCommands[^1]);
            done += queue.Poll(completions);
        }).ShouldBe(0);
        done.ShouldBe(1000); // ten runs of a hundred
    }

    [Fact]
    public async Task A_completion_without_its_interrupt_is_found_all_the_same()
    {
        var model = new ScriptedController();
        await using PciFunction function = Loopback.Attach(model);
        await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, Impatient, Stop);
        await using NvmeQueue queue = await driver.CreateQueueAsync(stop: Stop);
        using DmaBuffer data = function.Dma.Allocate(4096);
        model.Interrupts = false;
        await queue.ReadAsync(driver.Namespaces[0], 0, 1, data);
        model.Starts.ShouldBe(1);
    }

    [Fact]
    public async Task Transfers_of_every_length_and_offset_are_described_as_an_independent_walk_reads_them()
    {
        var model = new ScriptedController();
        await using PciFunction function = Loopback.Attach(model);
        await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, stop: Stop);
        await using NvmeQueue queue = await driver.CreateQueueAsync(new NvmeQueueOptions { Completion = NvmeCompletionMode.Caller }, Stop);
        using DmaBuffer data = function.Dma.Allocate(256 << 10);
        int most = driver.Controller.MaxTransferLength / 512;
        new Random(2).NextBytes(model.Medium);
        var one = new NvmeCompletion[1];
        foreach (int blocks in Enumerable.Range(1, 24).Append(most - 1).Append(most))
        {
            foreach (int offset in new[] { 0, 4, 508, 512, 2048, 4092, 4096, 8188 })
            {
                data.Span.Clear();
                queue.TryRead(driver.Namespaces[0], 3, blocks, data, offset, 1).ShouldBeTrue();
                queue.Submit();
                queue.Poll(one).ShouldBe(1);
                one[0].Status.ShouldBe(NvmeStatus.Success);
                data.Span.Slice(offset, blocks * 512).SequenceEqual(model.Medium.AsSpan(3 * 512, blocks * 512)).ShouldBeTrue($"{blocks} blocks at {offset}");
                data.Span[..offset].ContainsAnyExcept((byte)0).ShouldBeFalse();
                data.Span[(offset + (blocks * 512))..].ContainsAnyExcept((byte)0).ShouldBeFalse();
            }
        }

        Should.Throw<ArgumentException>(() => queue.TryRead(driver.Namespaces[0], 0, most + 1, data, 0, 1));
    }

    // A busy machine may be late for an interrupt, and the driver say so.
    private static async Task UntilAsync(NvmeDriver driver, NvmeEventKind kind)
    {
        while ((await driver.Events.ReadAsync(Stop)).Kind != kind)
        {
        }
    }

    private static void Tell(ScriptedController model, string lie)
    {
        void Change(IdentifyStructure which, Action<byte[]> how) => model.Identify = (structure, bytes) =>
        {
            if (structure == which)
            {
                how(bytes);
            }
        };

        switch (lie)
        {
            case "block 2^63": Change(IdentifyStructure.Namespace, bytes => bytes[130] = 63); break;
            case "block 2^0": Change(IdentifyStructure.Namespace, bytes => bytes[130] = 0); break;
            case "size": Change(IdentifyStructure.Namespace, bytes => bytes.AsSpan(0, 8).Fill(0xFF)); break;
            case "entries": Change(IdentifyStructure.Controller, bytes => bytes[512] = 0x77); break;
            case "namespaces descend": Change(IdentifyStructure.ActiveNamespaces, bytes => (bytes[0], bytes[4]) = (2, 1)); break;
            case "queue of one": model.Capabilities &= ~0xFFFFUL; break;
            case "stride": model.Capabilities |= 0xFUL << 32; break;
            case "pages": model.Capabilities |= 0xFUL << 48; break;
            case "no NVM": model.Capabilities &= ~(0xFFUL << 37); break;
            case "never ready": model.Status = value => value & ~1U; break;
            case "fatal": model.Status = value => value == 1 ? 2U : value; break;
        }
    }
}
