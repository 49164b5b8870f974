using System.Buffers.Binary;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Regions;
using VfioSharp.Devices.Seam;
using VfioSharp.Linux.Backends;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Linux.Tests.Backends;

/// <summary>A function whose file is memory: what needs no kernel's VFIO behaves as with one.</summary>
public sealed class VfioFunctionTests : IDisposable
{
    private const int ConfigurationOffset = 0x10000;
    private static readonly ulong Page = (ulong)Environment.SystemPageSize;
    private static readonly PciAddress Address = PciAddress.Parse("0000:01:00.0");

    private readonly MemoryFile file = MemoryFile.Create("function", ConfigurationOffset + 256, 0, out _)!;
    private readonly FakeAttachment attachment = new() { Group = FakeAttachment.NextGroup };

    public void Dispose() => file.Dispose();

    [Fact]
    public async Task It_is_made_ready_and_left_quiet()
    {
        VfioFunction function = Open();
        function.Start();
        function.Configuration.ReadCommand().ShouldBe(PciCommand.MemorySpace | PciCommand.BusMaster);
        await function.DisposeAsync();
        byte[] command = new byte[2];
        file.File.PositionedRead(command, ConfigurationOffset + 4, out _);
        ((PciCommand)BinaryPrimitives.ReadUInt16LittleEndian(command)).ShouldBe(PciCommand.MemorySpace);
        attachment.IsGivenBack.ShouldBeTrue();
        function.IsLost.ShouldBeTrue();
    }

    [Fact]
    public async Task A_sleeping_function_is_woken()
    {
        await using VfioFunction function = Open(image =>
        {
            image[0x06] = 0x10; // has capabilities
            image[0x34] = 0x40;
            (image[0x40], image[0x42], image[0x44]) = (0x01, 0x03, 0x0b); // Power Management, D3hot, no soft reset
        });
        function.Start();
        function.Configuration.Read16(0x44).ShouldBe((ushort)0x08);
    }

    [Fact]
    public async Task It_is_not_put_to_sleep_under_a_mapped_BAR()
    {
        await using VfioFunction function = Open(image =>
        {
            (image[0x06], image[0x34]) = (0x10, 0x40);
            (image[0x40], image[0x42]) = (0x01, 0x03); // Power Management
        });
        function.Start();
        using (Bar bar = function.MapBar(0))
        {
            Should.Throw<InvalidOperationException>(() => function.Configuration.Write8(0x44, 3)).Message.ShouldContain("sleep");
            Should.Throw<InvalidOperationException>(() => function.Configuration.Write32(0x44, 0x103));
            function.Configuration.Write16(0x44, 0x100); // PME, and awake
        }

        function.Configuration.Write16(0x44, 3);
        function.Configuration.Read16(0x44).ShouldBe((ushort)3);
    }

    [Fact]
    public async Task I_O_space_is_on_where_a_BAR_is_in_it()
    {
        await using VfioFunction function = Open(image => image[0x18] = 0x01);
        function.Start();
        function.Configuration.ReadCommand().ShouldBe(PciCommand.IoSpace | PciCommand.MemorySpace | PciCommand.BusMaster);
    }

    [Fact]
    public async Task A_BAR_is_mapped_and_its_trapped_part_reached_through_the_file()
    {
        await using VfioFunction function = Open();
        function.Start();
        using Bar mapped = function.MapBar(0);
        using Bar trapped = function.MapBar(1);
        mapped.Mapped.ShouldNotBeEmpty();
        trapped.Mapped.ShouldBeEmpty();
        mapped.Registers.Write32(0x10, 0x12345678);
        trapped.Registers.Write16(0x20, 0xabcd);
        byte[] bytes = new byte[4];
        file.File.PositionedRead(bytes, 0x10, out _);
        BinaryPrimitives.ReadUInt32LittleEndian(bytes).ShouldBe(0x12345678u);
        file.File.PositionedRead(bytes, (long)Page + 0x20, out _);
        BinaryPrimitives.ReadUInt16LittleEndian(bytes).ShouldBe((ushort)0xabcd);
        trapped.Registers.Read16(0x20).ShouldBe((ushort)0xabcd);
    }

    [Fact]
    public async Task What_does_not_answer_for_the_moment_is_not_lost()
    {
        await using VfioFunction function = Open();
        file.File.SetLength(ConfigurationOffset + 64); // the last registers are not there
        function.Configuration.Read32(128).ShouldBe(uint.MaxValue);
        function.IsLost.ShouldBeFalse();
    }

    [Fact]
    public async Task What_has_no_identity_any_more_is_lost()
    {
        await using VfioFunction function = Open();
        using Bar bar = function.MapBar(0);
        byte[] ones = [255, 255, 255, 255];
        file.File.PositionedWrite(ones, ConfigurationOffset, out _);
        file.File.SetLength(ConfigurationOffset + 64);
        function.Configuration.Read32(128).ShouldBe(uint.MaxValue);
        function.IsLost.ShouldBeTrue();
        function.Removing.IsCancellationRequested.ShouldBeTrue();
        bar.Registers.Read32(0).ShouldBe(uint.MaxValue);
        Should.Throw<DeviceLostException>(() => function.MapBar(0));
    }

    [Fact]
    public async Task Functions_of_a_group_do_not_get_in_each_other_s_way()
    {
        VfioFunction first = Open();
        await using VfioFunction second = Open(address: "0000:01:00.1");
        DmaBuffer[] buffers = [.. Enumerable.Range(0, 6).Select(i => (i % 2 == 0 ? first : second).Dma.Allocate((long)Page))];
        buffers.Select(buffer => buffer.Iova).Distinct().Count().ShouldBe(6);
        attachment.Mappings.Mapped.Count.ShouldBe(6);

        // The first leaves; what it had is there for the second again.
        await first.DisposeAsync();
        attachment.Mappings.Mapped.Count.ShouldBe(3);
        attachment.IsGivenBack.ShouldBeFalse();
        using DmaBuffer another = second.Dma.Allocate((long)Page, new DmaOptions { At = buffers[0].Iova });
        attachment.Mappings.Mapped.Count.ShouldBe(4);
    }

    [Fact]
    public async Task A_refused_mapping_is_explained()
    {
        await using VfioFunction function = Open();
        attachment.Mappings.Refusal = Errno.ENOSPC;
        Should.Throw<PciException>(() => function.Dma.Allocate((long)Page)).Message.ShouldContain("dma_entry_limit");
    }

    [Fact]
    public async Task Interrupts_that_the_kernel_refuses_are_explained()
    {
        await using VfioFunction function = Open();
        await Should.ThrowAsync<PciException>(async () => await function.EnableMsixAsync(2)); // memory has no interrupts: ENOTTY
        await Should.ThrowAsync<PciException>(async () => await function.ResetAsync());
    }

    private VfioFunction Open(Action<byte[]>? edit = null, string? address = null)
    {
        byte[] image = new byte[256];
        (image[0], image[1], image[2], image[3]) = (0x36, 0x1b, 0x10, 0x00);
        edit?.Invoke(image);
        file.File.PositionedWrite(image, ConfigurationOffset, out _);
        const uint Access = VfioRegionInfo.VFIO_REGION_INFO_FLAG_READ | VfioRegionInfo.VFIO_REGION_INFO_FLAG_WRITE;
        RegionDescription[] regions = [.. Enumerable.Repeat(RegionDescription.Absent, RegionIndex.Count)];
        regions[0] = new RegionDescription(Page, Access | VfioRegionInfo.VFIO_REGION_INFO_FLAG_MMAP, 0, RegionCapabilities.None);
        regions[1] = new RegionDescription(Page, Access, Page, RegionCapabilities.None);
        if ((image[0x18] & 1) != 0)
        {
            regions[2] = new RegionDescription(0x20, Access, 2 * Page, RegionCapabilities.None);
        }

        regions[RegionIndex.Configuration] = new RegionDescription(256, Access, ConfigurationOffset, RegionCapabilities.None);
        PciAddress place = address is null ? Address : PciAddress.Parse(address);
        Attachment held = Attachments.Shared.Acquire(attachment.Group, VfioBackend.Group, place, () => attachment);
        return new VfioFunction(
            new FunctionShape
            {
                Name = place.ToString(),
                Address = place,
                Regions = [.. regions.Select(region => region.ToShape(null, Page, false))],
                Interrupts = [default, default, new InterruptShape(4, true)],
                Dma = held.Limits,
                Isolation = IsolationVerdict.Isolated,
                CanReset = true,
                Events = EventLoop.Shared,
            },
            new DeviceFile(file.File.Duplicate(out _)!), [.. regions], held);
    }
}
