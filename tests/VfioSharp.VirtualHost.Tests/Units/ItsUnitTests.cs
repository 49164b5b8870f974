using VfioSharp.Pci.Addressing;
using VfioSharp.Tests.Shared;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.Arm;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>The Interrupt Translation Service as the GIC architecture has it (IHI 0069, chapter 5): commands, tables, and what is discarded.</summary>
public class ItsUnitTests
{
    private const ulong Translater = 0x0800_0040;

    private readonly HostMemory memory = new();
    private readonly ItsUnit unit;
    private readonly uint device = Sources.Id("03:05.2").Value;

    public ItsUnitTests() => unit = new ItsUnit(memory, eventBits: 8) { IsEnabled = true };

    private ulong Table => unit.TranslationTables.Address;

    [Fact]
    public void A_DeviceID_an_EventID_and_a_collection_that_are_mapped_make_an_LPI()
    {
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        Write("03:05.2", 3).Interrupt.ShouldBe(new HostInterrupt(0, 8195));
        unit.Delivered.ShouldBe(1);
    }

    [Fact]
    public void Nothing_is_translated_before_the_ITS_is_enabled()
    {
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        unit.IsEnabled = false;
        Write("03:05.2", 3).Fault!.Text.ShouldContain("GITS_CTLR.Enabled");
        unit.Examine().IsIsolating.ShouldBeTrue();
        unit.Examine().Reason.ShouldContain("GITS_CTLR.Enabled");
    }

    [Theory]
    [InlineData("03:05.3", 3u, 0x010304)] // a device that is not mapped
    [InlineData("03:05.2", 4u, 0x010305)] // an event beyond the device's
    [InlineData("03:05.2", 0x1_0003u, 0x010305)] // 32 bits are taken, not 16
    [InlineData("03:05.2", 2u, 0x010307)] // an event that is not mapped
    [InlineData("03:05.2", 1u, 0x010309)] // a collection that is not mapped
    public void What_is_not_mapped_is_discarded(string requester, uint eventId, int code)
    {
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        unit.Mapti(device, 1, 8196, collection: 9).ShouldBe(ItsError.None);
        Write(requester, eventId).Fault!.Code.ShouldBe(code);
        unit.Blocked.ShouldBe(1);
    }

    [Theory]
    [InlineData(0x0800_0000UL, "0x40")]
    [InlineData(0x0800_003CUL, "0x40")]
    [InlineData(0x0800_0044UL, "0x40")]
    [InlineData(0x0800_0FFCUL, "0x40")]
    [InlineData(0x0800_1040UL, "SMMU")]
    [InlineData(0x080F_FFFCUL, "SMMU")]
    public void GITS_TRANSLATER_alone_can_be_written(ulong address, string reason)
    {
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        unit.Receive(Sources.Id("03:05.2"), address, 3).Fault!.Text.ShouldContain(reason);
    }

    [Fact]
    public void A_DeviceID_is_what_firmware_makes_of_the_requester_ID()
    {
        var second = new ItsUnit(memory, deviceIdBase: 0x1_0000, deviceBits: 17) { IsEnabled = true };
        second.Mapc(0, 0, isValid: true);
        second.Mapd(0x1_0000u + device, second.TranslationTables.Address, 5, isValid: true);
        second.Mapti(0x1_0000u + device, 7, 9000, 0);
        second.Receive(Sources.Id("03:05.2"), Translater, 7).Interrupt.Vector.ShouldBe(9000u);
    }

    [Fact]
    public void A_DeviceID_beyond_those_that_are_implemented_is_discarded()
    {
        var small = new ItsUnit(memory, deviceBits: 8) { IsEnabled = true };
        small.Receive(Sources.Id("00:1f.7"), Translater, 0).Fault!.Code.ShouldBe(0x010304);
        small.Receive(Sources.Id("01:00.0"), Translater, 0).Fault!.Code.ShouldBe(0x010301);
        small.Mapd(0x100, small.TranslationTables.Address, 5, isValid: true).ShouldBe(ItsError.DeviceOutOfRange);
        small.Mapti(0x100, 0, 8192, 0).ShouldBe(ItsError.DeviceOutOfRange);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void MAPD_takes_as_many_EventID_bits_as_there_are(int bits)
    {
        unit.Mapd(device, Table, bits, isValid: true).ShouldBe(ItsError.IttSizeOutOfRange);
        Write("03:05.2", 0).Fault!.Code.ShouldBe(0x010304);
    }

    [Fact]
    public void MAPD_without_V_unmaps_a_device()
    {
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        unit.Mapd(device, 0, 0, isValid: false).ShouldBe(ItsError.None);
        Write("03:05.2", 3).Fault!.Code.ShouldBe(0x010304);
    }

    [Fact]
    public void MAPC_without_V_unmaps_a_collection()
    {
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        unit.Mapc(4, 0, isValid: false).ShouldBe(ItsError.None);
        Write("03:05.2", 3).Fault!.Code.ShouldBe(0x010309);
        unit.Mapc(512, 0, isValid: true).ShouldBe(ItsError.CollectionOutOfRange);
        unit.Mapc(-1, 0, isValid: true).ShouldBe(ItsError.CollectionOutOfRange);
    }

    [Theory]
    [InlineData(4u, 8192u, 0, nameof(ItsError.EventOutOfRange))]
    [InlineData(0u, 8191u, 0, nameof(ItsError.IntidOutOfRange))] // an SPI
    [InlineData(0u, 65536u, 0, nameof(ItsError.IntidOutOfRange))]
    [InlineData(0u, 8192u, 512, nameof(ItsError.CollectionOutOfRange))]
    [InlineData(3u, 65535u, 511, nameof(ItsError.None))]
    public void MAPTI_takes_LPIs_and_what_the_device_has(uint eventId, uint intid, int collection, string error)
    {
        unit.Mapd(device, Table, 2, isValid: true);
        unit.Mapti(device, eventId, intid, collection).ToString().ShouldBe(error);
    }

    [Fact]
    public void MAPTI_and_DISCARD_need_a_device()
    {
        unit.Mapti(device, 0, 8192, 0).ShouldBe(ItsError.UnmappedDevice);
        unit.Discard(device, 0).ShouldBe(ItsError.UnmappedDevice);
    }

    [Fact]
    public void DISCARD_unmaps_an_event_once()
    {
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        unit.Discard(device, 2).ShouldBe(ItsError.UnmappedInterrupt);
        unit.Discard(device, 4).ShouldBe(ItsError.EventOutOfRange);
        unit.Discard(device, 3).ShouldBe(ItsError.None);
        unit.Discard(device, 3).ShouldBe(ItsError.UnmappedInterrupt);
        Write("03:05.2", 3).Fault!.Code.ShouldBe(0x010307);
    }

    [Theory]
    [InlineData(8191u)]
    [InlineData(65536u)]
    public void An_entry_that_somebody_changed_raises_no_SPI_and_nothing_out_of_range(uint intid)
    {
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        BitConverter.GetBytes(ItsTranslationEntry.To(intid, 4).Word).CopyTo(memory.At(Table + 24));
        Write("03:05.2", 3).Fault!.Text.ShouldContain("LPI");
        BitConverter.GetBytes(ItsTranslationEntry.To(8195, 512).Word).CopyTo(memory.At(Table + 24));
        Write("03:05.2", 3).Fault!.Code.ShouldBe(0x010309);
    }

    [Fact]
    public void A_translation_table_is_read_wherever_in_memory_the_device_table_says()
    {
        HostTable elsewhere = memory.Allocate("elsewhere", 256, alignment: 256);
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        elsewhere.Write(1, unit.TranslationTables.Read(3));
        unit.Mapd(device, elsewhere.Address, 2, isValid: true);
        Write("03:05.2", 1).Interrupt.Vector.ShouldBe(8195u);

        unit.Mapd(device, 0x4000, 2, isValid: true);
        Write("03:05.2", 1).Fault!.Text.ShouldContain("no memory");
        unit.Discard(device, 1).ShouldBe(ItsError.UnmappedInterrupt);
    }

    [Fact]
    public void Two_devices_with_one_translation_table_are_not_isolated()
    {
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        unit.Examine().IsIsolating.ShouldBeTrue();
        unit.Mapd(device + 8, Table, 2, isValid: true);
        unit.Examine().IsIsolating.ShouldBeFalse();
        unit.Examine().Reason.ShouldBe("the tables of DeviceIDs 0x32a and 0x332 both lead to INTID 8195");
    }

    [Fact]
    public void Two_devices_with_one_LPI_are_not_isolated_once_it_can_be_raised()
    {
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        unit.Mapd(device + 8, Table + 256, 2, isValid: true);
        unit.Mapti(device + 8, 0, 8195, collection: 9);
        unit.Examine().IsIsolating.ShouldBeTrue("collection 9 is not mapped");
        unit.Mapc(9, 0, isValid: true);
        unit.Examine().IsIsolating.ShouldBeFalse();
    }

    [Fact]
    public void Two_events_of_one_device_may_be_one_LPI()
    {
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        unit.Mapti(device, 0, 8195, 4);
        unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Fact]
    public void A_device_table_with_the_largest_tables_is_examined_all_the_same()
    {
        unit.Mapd(device, Table, 2, isValid: true);
        BitConverter.GetBytes(unit.Device(device).Word | 0x1F).CopyTo(DeviceTable()[(int)(device * 8)..]);
        unit.Device(device).EventBits.ShouldBe(32);
        unit.Examine().IsIsolating.ShouldBeTrue();
        Write("03:05.2", uint.MaxValue).Fault!.Text.ShouldContain("no memory");
    }

    [Fact]
    public void A_pre_ITS_takes_the_DeviceID_from_the_address_and_never_mind_who_writes()
    {
        var behind = new ItsUnit(memory, hasPreIts: true) { IsEnabled = true };
        behind.Mapc(0, 0, isValid: true);
        behind.Mapd(device, behind.TranslationTables.Address, 5, isValid: true);
        behind.Mapti(device, 7, 9000, 0);
        behind.Receive(Sources.Id("00:02.0"), 0x0800_0000 + (device << 2), 7).Interrupt.Vector.ShouldBe(9000u);
        behind.Receive(Sources.Id("03:05.2"), 0x0800_0000 + ((device + 1) << 2), 7).Fault!.Code.ShouldBe(0x010304);
        behind.Receive(Sources.Id("03:05.2"), 0x0804_0000, 7).Fault!.Code.ShouldBe(0x010301, "16 bits of DeviceID");
        behind.Examine().IsIsolating.ShouldBeFalse();
        behind.Examine().Reason.ShouldContain("pre-ITS");
    }

    [Fact]
    public void A_translation_allocates_nothing()
    {
        Map(device, Table, eventBits: 2, eventId: 3, intid: 8195);
        RequesterId requester = Sources.Id("03:05.2");
        Allocations.Of(() => unit.Filter(requester, Translater, 3)).ShouldBe(0);
        Allocations.Of(() => unit.Filter(requester, Translater, 2)).ShouldBe(0);
    }

    private Span<byte> DeviceTable() => memory.Tables.First(table => table.Name == "ITS device table").Bytes;

    private void Map(uint id, ulong table, int eventBits, uint eventId, uint intid)
    {
        unit.Mapc(4, 1, isValid: true).ShouldBe(ItsError.None);
        unit.Mapd(id, table, eventBits, isValid: true).ShouldBe(ItsError.None);
        unit.Mapti(id, eventId, intid, collection: 4).ShouldBe(ItsError.None);
    }

    private MessageOutcome Write(string requester, uint data) => unit.Receive(Sources.Id(requester), Translater, data);
}
