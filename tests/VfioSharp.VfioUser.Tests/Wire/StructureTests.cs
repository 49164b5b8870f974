using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Wire;

/// <summary>
/// Every structure against the tables of the specification: written as bytes that count up from zero, so that each byte of a field tells where it must
/// stand. The numbers are those of a little-endian host.
/// </summary>
public class StructureTests
{
    [Fact]
    public void Header() => Holds(
        new MessageHeader { Id = 0x0100, Command = (MessageCommand)0x0302, Size = 0x07060504, Flags = (MessageFlags)0x0b0a0908, Error = 0x0f0e0d0c }, 16);

    [Fact]
    public void Version() => Holds(new VersionHeader { Major = 0x0100, Minor = 0x0302 }, 4);

    [Fact]
    public void Memory_to_be_shown() => Holds(
        new DmaMapRequest
        {
            ArgumentSize = 0x03020100,
            Flags = 0x07060504,
            Offset = 0x0f0e0d0c0b0a0908,
            Address = 0x1716151413121110,
            Size = 0x1f1e1d1c1b1a1918,
        },
        32);

    [Fact]
    public void Memory_to_be_taken_away() => Holds(
        new VfioIommuType1DmaUnmap { argsz = 0x03020100, flags = 0x07060504, iova = 0x0f0e0d0c0b0a0908, size = 0x1716151413121110 }, 24);

    [Fact]
    public void Device_info() => Holds(new DeviceInfo { ArgumentSize = 0x03020100, Flags = 0x07060504, Regions = 0x0b0a0908, Interrupts = 0x0f0e0d0c }, 16);

    [Fact]
    public void Region_info() => Holds(
        new VfioRegionInfo
        {
            argsz = 0x03020100,
            flags = 0x07060504,
            index = 0x0b0a0908,
            cap_offset = 0x0f0e0d0c,
            size = 0x1716151413121110,
            offset = 0x1f1e1d1c1b1a1918,
        },
        32);

    [Fact]
    public void Header_of_a_region_s_capability() => Holds(new VfioInfoCapHeader { id = 0x0100, version = 0x0302, next = 0x07060504 }, 8);

    [Fact]
    public void Areas_that_can_be_mapped() => Holds(new VfioRegionSparseMmapArea { offset = 0x0706050403020100, size = 0x0f0e0d0c0b0a0908 }, 16);

    [Fact]
    public void Descriptors_of_a_region() => Holds(new RegionIoFds { ArgumentSize = 0x03020100, Flags = 0x07060504, Index = 0x0b0a0908, Count = 0x0f0e0d0c }, 16);

    [Fact]
    public void Part_of_a_region_behind_a_descriptor() => Holds(
        new SubRegion
        {
            Offset = 0x0706050403020100,
            Size = 0x0f0e0d0c0b0a0908,
            DescriptorIndex = 0x13121110,
            Type = 0x17161514,
            Flags = 0x1b1a1918,
            Padding = 0x1f1e1d1c,
            Match = 0x2726252423222120,
        },
        40);

    [Fact]
    public void Interrupt_info() => Holds(new VfioIrqInfo { argsz = 0x03020100, flags = 0x07060504, index = 0x0b0a0908, count = 0x0f0e0d0c }, 16);

    [Fact]
    public void Interrupts_to_be_set() => Holds(
        new VfioIrqSet { argsz = 0x03020100, flags = 0x07060504, index = 0x0b0a0908, start = 0x0f0e0d0c, count = 0x13121110 }, 20);

    [Fact]
    public void Access_to_a_region() => Holds(new RegionAccess { Offset = 0x0706050403020100, Region = 0x0b0a0908, Count = 0x0f0e0d0c }, 16);

    [Fact]
    public void Access_to_memory() => Holds(new MemoryAccess { Address = 0x0706050403020100, Count = 0x0f0e0d0c0b0a0908 }, 16);

    [Fact]
    public void One_of_several_writes() => Holds(
        new WriteEntry { Offset = 0x0706050403020100, Region = 0x0b0a0908, Count = 0x0f0e0d0c, Data = 0x1716151413121110 }, 24);

    [Fact]
    public void Feature() => Holds(new VfioDeviceFeature { argsz = 0x03020100, flags = 0x07060504 }, 8);

    [Fact]
    public void State_of_migration() => Holds(new MigrationStateRecord { State = 0x03020100, DataDescriptor = 0x07060504 }, 8);

    [Fact]
    public void Piece_of_a_state() => Holds(new MigrationData { ArgumentSize = 0x03020100, Size = 0x07060504 }, 8);

    [Fact]
    public void Start_of_a_log() => Holds(new DirtyLogControl { PageSize = 0x0706050403020100, Ranges = 0x0b0a0908, Reserved = 0x0f0e0d0c }, 16);

    [Fact]
    public void Memory_to_be_logged() => Holds(new DirtyLogRange { Address = 0x0706050403020100, Length = 0x0f0e0d0c0b0a0908 }, 16);

    [Fact]
    public void Report_of_a_log() => Holds(
        new DirtyLogReport { Address = 0x0706050403020100, Length = 0x0f0e0d0c0b0a0908, PageSize = 0x1716151413121110 }, 24);

    private static void Holds<T>(T value, int size)
        where T : unmanaged
    {
        byte[] expected = [.. Enumerable.Range(0, size).Select(at => (byte)at)];
        byte[] room = new byte[64];
        var writer = new MessageWriter(room);
        writer.Write(in value);
        writer.Length.ShouldBe(size);
        room[..size].ShouldBe(expected);

        var reader = new MessageReader(expected);
        reader.TryRead(out T read).ShouldBeTrue();
        read.ShouldBe(value);
        reader.Rest.Length.ShouldBe(0);

        // One byte less is no such structure.
        reader = new MessageReader(expected.AsSpan(1));
        reader.TryRead(out T _).ShouldBeFalse();
        reader.Rest.Length.ShouldBe(size - 1);
    }
}
