using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Tests.Spec;

public class LayoutTests
{
    [Fact]
    public void Entries_are_as_long_as_the_specification_says()
    {
        Unsafe.SizeOf<SubmissionEntry>().ShouldBe(64);
        Unsafe.SizeOf<CompletionEntry>().ShouldBe(16);
        Unsafe.SizeOf<DatasetRange>().ShouldBe(16);
        Unsafe.SizeOf<SglDescriptor>().ShouldBe(16);
    }

    [Fact]
    public void Fields_of_a_command_lie_where_the_specification_puts_them()
    {
        var command = new SubmissionEntry { Opcode = 1, CommandId = 0x0302, NamespaceId = 0x07060504, Prp1 = 24, Prp2 = 32, Dword10 = 40, Dword12 = 48, Dword15 = 60 };
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<SubmissionEntry>(in command));
        bytes[0].ShouldBe((byte)1);
        bytes[2..8].ToArray().ShouldBe(new byte[] { 2, 3, 4, 5, 6, 7 });
        foreach (int offset in new[] { 24, 32, 40, 48, 60 })
        {
            bytes[offset].ShouldBe((byte)offset);
        }
    }

    [Fact]
    public void The_status_of_a_completion_is_its_last_field()
    {
        var entry = new CompletionEntry { CommandId = 0xABCD, StatusField = CompletionEntry.Field(NvmeStatus.LbaOutOfRange, phase: true, doNotRetry: true) };
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<CompletionEntry>(in entry));
        bytes[12..].ToArray().ShouldBe(new byte[] { 0xCD, 0xAB, 0x01, 0x81 });
        entry.Status.ShouldBe(NvmeStatus.LbaOutOfRange);
        entry.Phase.ShouldBeTrue();
        entry.DoNotRetry.ShouldBeTrue();
    }

    [Fact]
    public void Capabilities_tell_what_they_were_made_of()
    {
        var capabilities = ControllerCapabilities.Of(1024, TimeSpan.FromSeconds(7.2), 65536);
        capabilities.MaxQueueEntries.ShouldBe(1024);
        capabilities.Timeout.ShouldBe(TimeSpan.FromSeconds(7.5));
        capabilities.DoorbellStride.ShouldBe(4);
        capabilities.MinPageSize.ShouldBe(4096);
        capabilities.MaxPageSize.ShouldBe(65536);
        capabilities.RequiresContiguousQueues.ShouldBeTrue();
        capabilities.HasNvmCommandSet.ShouldBeTrue();

        // 0x3ff entries less 1, CQR, 15 half seconds, NVM command set, MPSMAX 4.
        capabilities.Value.ShouldBe(0x0040_0020_0F01_03FFUL);
    }

    [Theory]
    [InlineData(0, 4, 0x1000, 0x1004)]
    [InlineData(1, 4, 0x1008, 0x100C)]
    [InlineData(3, 64, 0x1180, 0x11C0)]
    public void Doorbells_lie_a_stride_apart(int queue, int stride, ulong tail, ulong head)
    {
        ControllerRegister.SubmissionTail(queue, stride).ShouldBe(tail);
        ControllerRegister.CompletionHead(queue, stride).ShouldBe(head);
    }

    [Fact]
    public void Configuration_asks_for_entries_of_64_and_16_bytes()
    {
        var configuration = ControllerConfiguration.Of(4096);
        configuration.Value.ShouldBe(0x0046_0001U);
        configuration.SubmissionEntrySize.ShouldBe(64);
        configuration.CompletionEntrySize.ShouldBe(16);
        configuration.With(ShutdownNotice.Normal).Value.ShouldBe(0x0046_4001U);
        ControllerConfiguration.Of(65536).PageSize.ShouldBe(65536);
        configuration.Disabled.IsEnabled.ShouldBeFalse();
    }

    [Theory]
    [InlineData(0x1000, 4096, 1)]
    [InlineData(0x1004, 4096, 2)]
    [InlineData(0x1FFC, 8, 2)]
    [InlineData(0x1000, 8193, 3)]
    public void A_transfer_touches_so_many_pages(ulong address, long length, long pages) => PrpRules.PageCount(address, length, 4096).ShouldBe(pages);

    [Fact]
    public void Text_is_filled_up_with_spaces_and_read_without_them()
    {
        byte[] bytes = new byte[IdentifyController.Length];
        var controller = new IdentifyController(bytes) { SerialNumber = "0042" };
        bytes[4..24].ShouldBe("0042                "u8.ToArray());
        controller.SerialNumber.ShouldBe("0042");
        bytes[5] = 0xFF;
        controller.SerialNumber.ShouldBe("0?42");
        Should.Throw<ArgumentException>(() => _ = new IdentifyController(bytes) { FirmwareRevision = "123456789" });
    }
}
