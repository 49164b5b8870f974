using System.Runtime.InteropServices;
using System.Text;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Seam;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>Messages, and what they carry; right unless the numbers given are wrong.</summary>
internal static class Payloads
{
    /// <summary>What a client without a socket for the server's commands says of itself.</summary>
    public const string Capabilities = """{"capabilities":{"max_msg_fds":253,"max_data_xfer_size":1048576,"write_multiple":true}}""";

    /// <summary>What one with such a socket says.</summary>
    public const string TwinCapabilities = """{"capabilities":{"max_msg_fds":253,"twin_socket":{"supported":true}}}""";

    public static byte[] Message(ushort id, MessageCommand command, MessageFlags flags, ReadOnlySpan<byte> payload) =>
        Message(id, command, flags, payload, (uint)(MessageHeader.Length + payload.Length));

    /// <summary>A message that says of its size what it likes.</summary>
    public static byte[] Message(ushort id, MessageCommand command, MessageFlags flags, ReadOnlySpan<byte> payload, uint size) =>
        [.. Of(new MessageHeader { Id = id, Command = command, Flags = flags, Size = size }), .. payload];

    /// <summary>A reply of a client's.</summary>
    public static byte[] Reply(MessageHeader to, ReadOnlySpan<byte> payload, uint error = 0) =>
        [.. Of(new MessageHeader { Id = to.Id, Command = to.Command, Flags = MessageFlags.Reply | (error == 0 ? 0 : MessageFlags.Error), Error = error, Size = (uint)(MessageHeader.Length + payload.Length) }), .. payload];

    public static byte[] Of<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();

    public static byte[] Version(string capabilities, ushort major = 0, ushort minor = 2) =>
        [.. Of(new VersionHeader { Major = major, Minor = minor }), .. Encoding.UTF8.GetBytes(capabilities), 0];

    public static byte[] Read(uint region, ulong offset, uint count) => Of(new RegionAccess { Offset = offset, Region = region, Count = count });

    public static byte[] Write(uint region, ulong offset, params ReadOnlySpan<byte> data) => [.. Read(region, offset, (uint)data.Length), .. data];

    public static byte[] Write32(uint region, ulong offset, uint value) => Write(region, offset, Of(value));

    public static byte[] WriteMulti(ulong count, params ReadOnlySpan<WriteEntry> entries) => [.. Of(count), .. MemoryMarshal.AsBytes(entries)];

    public static byte[] Map(ulong address, ulong size, ulong offset = 0, uint flags = 3) =>
        Of(new DmaMapRequest { ArgumentSize = 32, Flags = flags, Offset = offset, Address = address, Size = size });

    public static byte[] Unmap(ulong address, ulong size, uint flags = 0) =>
        Of(new VfioIommuType1DmaUnmap { argsz = 24, flags = flags, iova = address, size = size });

    public static byte[] Interrupts(InterruptKind kind, uint flags, uint start, uint count, params ReadOnlySpan<byte> data) =>
        [.. Of(new VfioIrqSet { argsz = 20 + (uint)data.Length, flags = flags, index = (uint)kind, start = start, count = count }), .. data];

    /// <summary>Vectors get eventfds, which go along.</summary>
    public static byte[] Triggers(InterruptKind kind, uint start, uint count) =>
        Interrupts(kind, VfioIrqSet.VFIO_IRQ_SET_DATA_EVENTFD | VfioIrqSet.VFIO_IRQ_SET_ACTION_TRIGGER, start, count);

    public static byte[] Feature(uint flags, uint argsz, params ReadOnlySpan<byte> data) => [.. Of(new VfioDeviceFeature { argsz = argsz, flags = flags }), .. data];

    public static byte[] State(VfioMigrationState state) => Feature(
        VfioDeviceFeature.VFIO_DEVICE_FEATURE_SET | VfioDeviceFeature.VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, 16, Of(new MigrationStateRecord { State = (uint)state }));

    public static byte[] Data(uint argsz, uint size, params ReadOnlySpan<byte> data) => [.. Of(new MigrationData { ArgumentSize = argsz, Size = size }), .. data];
}
