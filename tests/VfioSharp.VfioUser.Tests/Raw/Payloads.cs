namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>What follows the header of each request, field by field as the specification's tables have them.</summary>
internal static class Payloads
{
    public const uint DataNone = 1 << 0;
    public const uint DataBool = 1 << 1;
    public const uint DataEventFd = 1 << 2;
    public const uint Mask = 1 << 3;
    public const uint Unmask = 1 << 4;
    public const uint Trigger = 1 << 5;

    public const uint Get = 1 << 16;
    public const uint Set = 1 << 17;
    public const uint Probe = 1 << 18;

    public const uint Migration = 1;
    public const uint DeviceState = 2;
    public const uint LogStart = 6;
    public const uint LogStop = 7;
    public const uint LogReport = 8;

    /// <summary>What QEMU 11.1 proposes, to the byte.</summary>
    public const string QemuJson =
        """{"capabilities": {"pgsizes": 4096, "max_msg_fds": 16, "max_dma_maps": 65535, "max_data_xfer_size": 1048576, "migration": {"max_bitmap_size": 268435456, "pgsize": 4096}, "write_multiple": true}}""";

    public static byte[] Version(ushort major, ushort minor, string? json) =>
        json is null ? new Bytes().U16(major, minor) : new Bytes().U16(major, minor).Text(json).Raw(0);

    public static byte[] DmaMap(ulong address, ulong size, uint flags = 3, ulong offset = 0, uint argsz = 32) =>
        new Bytes().U32(argsz, flags).U64(offset, address, size);

    public static byte[] DmaUnmap(ulong address, ulong size, uint flags = 0, uint argsz = 24) =>
        new Bytes().U32(argsz, flags).U64(address, size);

    public static byte[] GetInfo(uint argsz = 16) => new Bytes().U32(argsz, 0, 0, 0);

    public static byte[] RegionInfo(uint index, uint argsz = 32) => new Bytes().U32(argsz, 0, index, 0).U64(0, 0);

    public static byte[] RegionIoFds(uint index, uint argsz = 16, uint flags = 0, uint count = 0) => new Bytes().U32(argsz, flags, index, count);

    public static byte[] IrqInfo(uint index, uint argsz = 16) => new Bytes().U32(argsz, 0, index, 0);

    public static byte[] SetIrqs(uint index, uint flags, uint start, uint count, ReadOnlySpan<byte> data = default, uint? argsz = null) =>
        new Bytes().U32(argsz ?? (uint)(20 + data.Length), flags, index, start, count).Raw(data);

    public static byte[] Region(uint region, ulong offset, uint count, ReadOnlySpan<byte> data = default) =>
        new Bytes().U64(offset).U32(region, count).Raw(data);

    public static byte[] Memory(ulong address, ulong count, ReadOnlySpan<byte> data = default) => new Bytes().U64(address, count).Raw(data);

    public static byte[] WriteMulti(ulong count, params (ulong Offset, uint Region, uint Count, ulong Data)[] writes)
    {
        Bytes bytes = new Bytes().U64(count);
        foreach ((ulong offset, uint region, uint length, ulong data) in writes)
        {
            bytes.U64(offset).U32(region, length).U64(data);
        }

        return bytes;
    }

    public static byte[] Feature(uint flags, ReadOnlySpan<byte> data = default, uint? argsz = null) =>
        new Bytes().U32(argsz ?? (uint)(8 + data.Length), flags).Raw(data);

    public static byte[] State(uint state) => Feature(DeviceState | Set, new Bytes().U32(state, 0));

    public static byte[] MigData(uint size, ReadOnlySpan<byte> data = default, uint? argsz = null) =>
        new Bytes().U32(argsz ?? 8 + size, size).Raw(data);
}
