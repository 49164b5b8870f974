using System.Buffers.Binary;
using System.Text;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Controller;
using VfioSharp.Nvme.Spec;
using static VfioSharp.Nvme.Tests.Controller.RawDriver;

namespace VfioSharp.Nvme.Tests.Controller;

public class AdminCommandTests
{
    [Fact]
    public async Task Identify_tells_what_the_controller_is()
    {
        await using RawDriver driver = Start(options => options with { SerialNumber = "S1", ModelNumber = "M2" });
        DmaBuffer page = driver.Allocate(PageSize);
        driver.Admin.Execute(Admin10(AdminOpcode.Identify, 1, prp1: page.Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        Encoding.ASCII.GetString(page.Span[4..24]).ShouldBe("S1".PadRight(20));
        Encoding.ASCII.GetString(page.Span[24..64]).ShouldBe("M2".PadRight(40));
        page.Span[77].ShouldBe((byte)8); // MDTS: 1 MiB
        BinaryPrimitives.ReadUInt32LittleEndian(page.Span[80..]).ShouldBe(0x00010400U);
        (BinaryPrimitives.ReadUInt16LittleEndian(page.Span[256..]) & (1 << 8)).ShouldNotBe(0); // Doorbell Buffer Config
        page.Span[512].ShouldBe((byte)0x66);
        page.Span[513].ShouldBe((byte)0x44);
        BinaryPrimitives.ReadUInt32LittleEndian(page.Span[516..]).ShouldBe(1U);
        (BinaryPrimitives.ReadUInt16LittleEndian(page.Span[520..]) & 0xD).ShouldBe(0xD); // Compare, Dataset Management, Write Zeroes
        (BinaryPrimitives.ReadUInt32LittleEndian(page.Span[536..]) & 3).ShouldBe(1U); // SGLs of any alignment
        Encoding.ASCII.GetString(page.Span[768..800]).ShouldStartWith("nqn.2014-08.org.nvmexpress:uuid:");
    }

    [Fact]
    public async Task Identify_tells_of_each_namespace()
    {
        await using RawDriver driver = Start(null, NvmeNamespace.InMemory(1 << 20), NvmeNamespace.InMemory(8 << 20, 4096));
        DmaBuffer page = driver.Allocate(PageSize);
        driver.Admin.Execute(Admin10(AdminOpcode.Identify, 0, prp1: page.Iova.Value, namespaceId: 2)).Status.ShouldBe(NvmeStatus.Success);
        BinaryPrimitives.ReadUInt64LittleEndian(page.Span).ShouldBe(2048UL);
        page.Span[128 + 2].ShouldBe((byte)12); // LBADS
        driver.Admin.Execute(Admin10(AdminOpcode.Identify, 2, prp1: page.Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        BinaryPrimitives.ReadUInt32LittleEndian(page.Span).ShouldBe(1U);
        BinaryPrimitives.ReadUInt32LittleEndian(page.Span[4..]).ShouldBe(2U);
        BinaryPrimitives.ReadUInt32LittleEndian(page.Span[8..]).ShouldBe(0U);
        driver.Admin.Execute(Admin10(AdminOpcode.Identify, 2, prp1: page.Iova.Value, namespaceId: 1)).Status.ShouldBe(NvmeStatus.Success);
        BinaryPrimitives.ReadUInt32LittleEndian(page.Span).ShouldBe(2U);
        driver.Admin.Execute(Admin10(AdminOpcode.Identify, 3, prp1: page.Iova.Value, namespaceId: 1)).Status.ShouldBe(NvmeStatus.Success);
        page.Span[0].ShouldBe((byte)3); // a UUID, 16 bytes
        page.Span[1].ShouldBe((byte)16);
        page.Span[4..20].ToArray().ShouldContain(each => each != 0);
    }

    [Theory]
    [InlineData(0x05, 1, 0x000)]
    [InlineData(0x06, 0, 0x000)]
    [InlineData(0x1C, 0, 0x000)]
    [InlineData(0x10, 0, 0x000)]
    [InlineData(0x05, 9, 0x00B)]
    [InlineData(0x00, 0, 0x00B)]
    [InlineData(0x03, 9, 0x00B)]
    [InlineData(0x02, 0xFFFFFFFF, 0x00B)]
    [InlineData(0x99, 0, 0x002)]
    public async Task Identify_answers_or_says_why_not(byte structure, uint namespaceId, int status)
    {
        await using RawDriver driver = Start();
        DmaBuffer page = driver.Allocate(PageSize);
        driver.Admin.Execute(Admin10(AdminOpcode.Identify, structure, prp1: page.Iova.Value, namespaceId: namespaceId)).Status.ShouldBe((NvmeStatus)status);
    }

    [Theory]
    [InlineData(0, 32, 0x101)] // the admin queue's
    [InlineData(5, 32, 0x101)] // one more than there are
    [InlineData(1, 1, 0x102)]
    [InlineData(1, 4097, 0x102)]
    [InlineData(1, 4096, 0x000)]
    public async Task A_completion_queue_has_an_identifier_and_a_size_that_there_are(int id, int entries, int status)
    {
        await using RawDriver driver = Start();
        DmaBuffer memory = driver.Allocate(64 << 10);
        driver.Admin.Execute(CreateCompletion(id, entries, memory.Iova.Value)).Status.ShouldBe((NvmeStatus)status);
    }

    [Fact]
    public async Task Queues_that_cannot_be_are_refused()
    {
        await using RawDriver driver = Start();
        ulong memory = driver.Allocate(64 << 10).Iova.Value;
        driver.Admin.Execute(CreateCompletion(1, 32, memory + 8)).Status.ShouldBe(NvmeStatus.InvalidPrpOffset);
        driver.Admin.Execute(CreateCompletion(1, 32, memory, vector: 5)).Status.ShouldBe(NvmeStatus.InvalidInterruptVector);
        driver.Admin.Execute(CreateCompletion(1, 32, memory) with { Dword11 = 0 }).Status.ShouldBe(NvmeStatus.InvalidField); // not contiguous
        driver.Admin.Execute(CreateSubmission(1, 32, memory, 1)).Status.ShouldBe(NvmeStatus.CompletionQueueInvalid);
        driver.Admin.Execute(CreateSubmission(1, 32, memory, 0)).Status.ShouldBe(NvmeStatus.CompletionQueueInvalid);
        driver.Admin.Execute(CreateCompletion(1, 32, memory)).Status.ShouldBe(NvmeStatus.Success);
        driver.Admin.Execute(CreateCompletion(1, 32, memory)).Status.ShouldBe(NvmeStatus.InvalidQueueIdentifier);
        driver.Admin.Execute(CreateSubmission(1, 32, memory, 1)).Status.ShouldBe(NvmeStatus.Success);
        driver.Admin.Execute(Admin10(AdminOpcode.DeleteCompletionQueue, 1)).Status.ShouldBe(NvmeStatus.InvalidQueueDeletion);
        driver.Admin.Execute(Admin10(AdminOpcode.DeleteSubmissionQueue, 1)).Status.ShouldBe(NvmeStatus.Success);
        driver.Admin.Execute(Admin10(AdminOpcode.DeleteSubmissionQueue, 1)).Status.ShouldBe(NvmeStatus.InvalidQueueIdentifier);
        driver.Admin.Execute(Admin10(AdminOpcode.DeleteCompletionQueue, 1)).Status.ShouldBe(NvmeStatus.Success);
        driver.Admin.Execute(Admin10(AdminOpcode.DeleteCompletionQueue, 0)).Status.ShouldBe(NvmeStatus.InvalidQueueIdentifier);
    }

    [Theory]
    [InlineData(0x07, 0x00030003, 0x000, 0x00030003)] // 4 queues of each, whatever was asked for
    [InlineData(0x07, 0xFFFF0001, 0x002, 0)]
    [InlineData(0x06, 1, 0x002, 0)] // memory has no write cache
    [InlineData(0x08, 0x0203, 0x000, 0)]
    [InlineData(0x09, 0x00010004, 0x000, 0)]
    [InlineData(0x09, 0x00000005, 0x002, 0)] // vectors 0 to 4
    [InlineData(0x02, 1, 0x002, 0)] // one power state
    [InlineData(0x04, 0x00010100, 0x002, 0)] // no second sensor
    [InlineData(0x0B, 2, 0x000, 0)]
    [InlineData(0x55, 2, 0x002, 0)]
    public async Task Features_are_set_or_refused(uint feature, uint value, int status, uint dword0)
    {
        await using RawDriver driver = Start();
        CompletionEntry done = driver.Admin.Execute(Admin10(AdminOpcode.SetFeatures, feature, value));
        done.Status.ShouldBe((NvmeStatus)status);
        done.Dword0.ShouldBe(dword0);
        driver.Admin.Execute(Admin10(AdminOpcode.SetFeatures, feature | (1U << 31), value)).Status.ShouldBe(NvmeStatus.FeatureNotSaveable);
    }

    [Fact]
    public async Task Features_are_what_was_set_until_a_reset()
    {
        await using RawDriver driver = Start();
        driver.Admin.Execute(Admin10(AdminOpcode.SetFeatures, 0x0B, 0x102)).Status.ShouldBe(NvmeStatus.Success);
        driver.Admin.Execute(Admin10(AdminOpcode.GetFeatures, 0x0B)).Dword0.ShouldBe(0x102U);
        driver.Admin.Execute(Admin10(AdminOpcode.GetFeatures, 0x0B | (1 << 8))).Dword0.ShouldBe(0U); // the default
        driver.Admin.Execute(Admin10(AdminOpcode.GetFeatures, 0x0B | (3 << 8))).Dword0.ShouldBe(4U); // changeable
        driver.Disable();
        driver.Enable();
        driver.Admin.Execute(Admin10(AdminOpcode.GetFeatures, 0x0B)).Dword0.ShouldBe(0U);
    }

    [Fact]
    public async Task The_number_of_queues_is_fixed_once_there_are_any()
    {
        await using RawDriver driver = Start();
        driver.CreateQueue(1);
        driver.Admin.Execute(Admin10(AdminOpcode.SetFeatures, 0x07, 1)).Status.ShouldBe(NvmeStatus.CommandSequenceError);
    }

    [Fact]
    public async Task Host_behaviour_and_time_are_kept()
    {
        await using RawDriver driver = Start();
        DmaBuffer data = driver.Allocate(PageSize);
        data.Span[0] = 1;
        driver.Admin.Execute(Admin10(AdminOpcode.SetFeatures, 0x16, prp1: data.Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        data.Span.Clear();
        driver.Admin.Execute(Admin10(AdminOpcode.GetFeatures, 0x16, prp1: data.Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        data.Span[0].ShouldBe((byte)1);
        BinaryPrimitives.WriteUInt64LittleEndian(data.Span, 1_700_000_000_000);
        driver.Admin.Execute(Admin10(AdminOpcode.SetFeatures, 0x0E, prp1: data.Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        driver.Admin.Execute(Admin10(AdminOpcode.GetFeatures, 0x0E, prp1: data.Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        ulong read = BinaryPrimitives.ReadUInt64LittleEndian(data.Span);
        (read & 0xFFFF_FFFF_FFFF).ShouldBeInRange(1_700_000_000_000UL, 1_700_000_600_000UL);
        (read >> 49 & 7).ShouldBe(1UL); // set by the host
    }

    [Fact]
    public async Task Log_pages_tell_of_errors_health_and_commands()
    {
        await using RawDriver driver = Start();
        DmaBuffer page = driver.Allocate(PageSize);
        driver.Admin.Execute(new SubmissionEntry { Opcode = 0x7F, CommandId = 0x1234 }).Status.ShouldBe(NvmeStatus.InvalidOpcode);
        Read(1, 64);
        BinaryPrimitives.ReadUInt64LittleEndian(page.Span).ShouldBe(1UL);
        BinaryPrimitives.ReadUInt16LittleEndian(page.Span[10..]).ShouldBe((ushort)0x1234);
        ((BinaryPrimitives.ReadUInt16LittleEndian(page.Span[12..]) >> 1) & 0x7FF).ShouldBe(1);
        Read(2, 512);
        BinaryPrimitives.ReadUInt16LittleEndian(page.Span[1..]).ShouldBe((ushort)313);
        page.Span[3].ShouldBe((byte)100);
        BinaryPrimitives.ReadUInt64LittleEndian(page.Span[176..]).ShouldBe(1UL);
        Read(3, 512);
        page.Span[0].ShouldBe((byte)1);
        Encoding.ASCII.GetString(page.Span[8..16]).ShouldBe("1.0     ");
        Read(5, 4096);
        (BinaryPrimitives.ReadUInt32LittleEndian(page.Span[(0x06 * 4)..]) & 1).ShouldBe(1U); // Identify
        (BinaryPrimitives.ReadUInt32LittleEndian(page.Span[(1024 + 4)..]) & 3).ShouldBe(3U); // Write, which changes blocks
        BinaryPrimitives.ReadUInt32LittleEndian(page.Span[(0x7F * 4)..]).ShouldBe(0U);

        driver.Admin.Execute(Admin10(AdminOpcode.GetLogPage, 0x70, prp1: page.Iova.Value)).Status.ShouldBe(NvmeStatus.InvalidLogPage);
        driver.Admin.Execute(Admin10(AdminOpcode.GetLogPage, 2, prp1: page.Iova.Value) with { Dword12 = 2 }).Status.ShouldBe(NvmeStatus.InvalidField);
        driver.Admin.Execute(Admin10(AdminOpcode.GetLogPage, 2, prp1: page.Iova.Value) with { Dword12 = 516 }).Status.ShouldBe(NvmeStatus.InvalidField);

        void Read(uint log, int length)
        {
            page.Span.Clear();
            driver.Admin.Execute(Admin10(AdminOpcode.GetLogPage, log | (((uint)(length / 4) - 1) << 16), prp1: page.Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        }
    }

    [Fact]
    public async Task A_temperature_that_passes_its_threshold_is_told_of_once_until_the_log_is_read()
    {
        await using RawDriver driver = Start();
        DmaBuffer page = driver.Allocate(PageSize);
        ushort first = driver.Admin.Submit(Admin10(AdminOpcode.AsyncEventRequest));
        ushort second = driver.Admin.Submit(Admin10(AdminOpcode.AsyncEventRequest));
        driver.Admin.Execute(Admin10(AdminOpcode.SetFeatures, 0x0B, 2)).Status.ShouldBe(NvmeStatus.Success);
        driver.Admin.Execute(Admin10(AdminOpcode.SetFeatures, 0x04, 300)).Status.ShouldBe(NvmeStatus.Success); // 313 K is more
        CompletionEntry told = driver.Admin.Take();
        told.CommandId.ShouldBe(first);
        told.Dword0.ShouldBe(0x0002_0101U); // SMART log, temperature threshold, health
        driver.Admin.Execute(Admin10(AdminOpcode.SetFeatures, 0x04, 301)).Status.ShouldBe(NvmeStatus.Success);
        driver.Admin.Execute(Admin10(AdminOpcode.GetLogPage, 2 | (127 << 16), prp1: page.Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        driver.Admin.TryTake(out _).ShouldBeFalse();
        (page.Span[0] & 2).ShouldBe(2);
        driver.Admin.Execute(Admin10(AdminOpcode.SetFeatures, 0x04, 302)).Status.ShouldBe(NvmeStatus.Success);
        driver.Admin.Take().CommandId.ShouldBe(second);
    }

    [Fact]
    public async Task Requests_for_events_are_four_at_most_and_can_be_aborted()
    {
        await using RawDriver driver = Start();
        ushort first = driver.Admin.Submit(Admin10(AdminOpcode.AsyncEventRequest));
        driver.Admin.Execute(Admin10(AdminOpcode.AsyncEventRequest) with { CommandId = first }).Status.ShouldBe(NvmeStatus.CommandIdConflict);
        for (int i = 0; i < 3; i++)
        {
            driver.Admin.Submit(Admin10(AdminOpcode.AsyncEventRequest));
        }

        driver.Admin.Execute(Admin10(AdminOpcode.AsyncEventRequest)).Status.ShouldBe(NvmeStatus.AsyncEventLimitExceeded);
        driver.Admin.Submit(Admin10(AdminOpcode.Abort, (uint)first << 16));
        CompletionEntry aborted = driver.Admin.Take();
        aborted.CommandId.ShouldBe(first);
        aborted.Status.ShouldBe(NvmeStatus.AbortRequested);
        driver.Admin.Take().Dword0.ShouldBe(0U); // it was
        driver.Admin.Execute(Admin10(AdminOpcode.Abort, 0x7777U << 16)).Dword0.ShouldBe(1U); // there is none
        driver.Admin.Execute(Admin10(AdminOpcode.Abort, 3)).Status.ShouldBe(NvmeStatus.InvalidField); // no such queue
    }

    [Fact]
    public async Task What_admin_commands_may_not_say_is_refused()
    {
        await using RawDriver driver = Start();
        DmaBuffer page = driver.Allocate(PageSize);
        SubmissionEntry identify = Admin10(AdminOpcode.Identify, 1, prp1: page.Iova.Value);
        driver.Admin.Execute(identify with { Flags = 0x40 }).Status.ShouldBe(NvmeStatus.InvalidField); // SGL
        driver.Admin.Execute(identify with { Flags = 1 }).Status.ShouldBe(NvmeStatus.InvalidField); // fused
        driver.Admin.Execute(identify with { Prp1 = page.Iova.Value + 2 }).Status.ShouldBe(NvmeStatus.InvalidPrpOffset);
        driver.Admin.Execute(identify with { Prp1 = 0x10 << 20 << 16 }).Status.ShouldBe(NvmeStatus.DataTransferError); // nothing is there
        CompletionEntry unknown = driver.Admin.Execute(Admin10((AdminOpcode)0xC5));
        unknown.Status.ShouldBe(NvmeStatus.InvalidOpcode);
        unknown.DoNotRetry.ShouldBeTrue();
    }

    [Fact]
    public async Task A_driver_that_promised_to_be_heard_of_and_is_not_makes_the_controller_fail()
    {
        await using RawDriver driver = Start();
        driver.Admin.Execute(Admin10(AdminOpcode.KeepAlive)).Status.ShouldBe(NvmeStatus.Success);
        driver.Admin.Execute(Admin10(AdminOpcode.SetFeatures, 0x0F, 1)).Status.ShouldBe(NvmeStatus.Success);
        driver.WaitFor(ControllerStatus.Fatal, ControllerStatus.Fatal);
        driver.Disable();
        driver.Enable();
        driver.Status.ShouldBe(ControllerStatus.Ready);
    }
}
