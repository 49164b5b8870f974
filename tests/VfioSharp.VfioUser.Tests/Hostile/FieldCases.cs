using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Seam;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>Commands whose numbers go beyond anything: each is refused, and the client is served on.</summary>
internal static class FieldCases
{
    private const uint Trigger = VfioIrqSet.VFIO_IRQ_SET_ACTION_TRIGGER;
    private const uint None = VfioIrqSet.VFIO_IRQ_SET_DATA_NONE;
    private const uint Bool = VfioIrqSet.VFIO_IRQ_SET_DATA_BOOL;
    private const uint EventFd = VfioIrqSet.VFIO_IRQ_SET_DATA_EVENTFD;
    private const uint Get = VfioDeviceFeature.VFIO_DEVICE_FEATURE_GET;
    private const uint Set = VfioDeviceFeature.VFIO_DEVICE_FEATURE_SET;

    public static IEnumerable<HostileCase> All =>
    [
        Refused("reads beyond a region", MessageCommand.RegionRead,
            Payloads.Read(0, 0x1000, 1), Payloads.Read(0, 0xFFF, 2), Payloads.Read(0, ulong.MaxValue, 1), Payloads.Read(0, ulong.MaxValue - 3, 8),
            Payloads.Read(0, 0, uint.MaxValue), Payloads.Read(0, 0, 0x8000_0000), Payloads.Read(4, 0, (1 << 20) + 1), Payloads.Read(5, 0, 4), Payloads.Read(6, 0, 4),
            Payloads.Read(9, 0, 4), Payloads.Read(uint.MaxValue, 0, 4), Payloads.Read(0x8000_0000, 0, 4), Payloads.Read(7, 4096, 4), Payloads.Read(0, 0, 4)[..^1],
            [.. Payloads.Read(0, 0, 4), 0], []),
        Refused("writes beyond a region", MessageCommand.RegionWrite,
            Payloads.Write(0, 0x1000, 0), Payloads.Write(0, ulong.MaxValue, 0), Payloads.Write(0, ulong.MaxValue - 3, new byte[8]), Payloads.Write(5, 0, 0), Payloads.Write(9, 0, 0),
            Payloads.Write(7, 4095, 0, 0), Payloads.Read(0, 0, 1), [.. Payloads.Read(0, 0, uint.MaxValue), 0], [.. Payloads.Read(0, 0, 1), 0, 0], [], new byte[15]),
        Refused("multiple writes beyond a region", MessageCommand.RegionWriteMulti,
            Payloads.WriteMulti(ulong.MaxValue), Payloads.WriteMulti(1), Payloads.WriteMulti(0, new WriteEntry { Count = 4 }),
            Payloads.WriteMulti((ulong.MaxValue / 24) + 2, new WriteEntry { Count = 4 }), Payloads.WriteMulti(1, new WriteEntry { Count = 9 }),
            Payloads.WriteMulti(1, new WriteEntry { Count = uint.MaxValue }), Payloads.WriteMulti(1, new WriteEntry { Offset = ulong.MaxValue, Count = 8 }),
            Payloads.WriteMulti(1, new WriteEntry { Offset = 0xFFC, Count = 8 }), Payloads.WriteMulti(1, new WriteEntry { Region = uint.MaxValue, Count = 1 }), [],
            Payloads.WriteMulti(1, new WriteEntry { Count = 4 })[..^1]),
        Refused("memory that wraps", MessageCommand.DmaMap,
            Payloads.Map(0, 0), Payloads.Map(ulong.MaxValue, 2), Payloads.Map(0x1000, ulong.MaxValue), Payloads.Map(0, 0x1000, ulong.MaxValue), Payloads.Map(0, 0x1000, 1UL << 63),
            Payloads.Map(0, 0x1000, long.MaxValue), Payloads.Map(0, 0x1000, flags: 0), Payloads.Map(0, 0x1000, flags: 4), Payloads.Map(0, 0x1000, flags: uint.MaxValue), [],
            Payloads.Map(0, 0x1000)[..^1], [.. Payloads.Map(0, 0x1000), 0], Payloads.Of(new DmaMapRequest { ArgumentSize = 31, Flags = 3, Size = 1 })),
        new("more memory than there may be", null, MapTooMuch),
        Refused("interrupts out of range", MessageCommand.DeviceSetIrqs,
            Irqs(Trigger | None, SoakFunction.Vectors, 1), Irqs(Trigger | None, 0, SoakFunction.Vectors + 1), Irqs(Trigger | None, uint.MaxValue, 1), Irqs(Trigger | None, 1, uint.MaxValue),
            Irqs(Trigger | None, 0x8000_0000, 0x8000_0000), Irqs(Trigger | Bool, 0, uint.MaxValue), Irqs(Trigger | EventFd, 0, uint.MaxValue), Irqs(Trigger | Bool, 0, 4, 1, 1, 1),
            Irqs(Trigger | Bool, 0, 2, 1, 1, 1), Irqs(0, 0, 1), Irqs(uint.MaxValue, 0, 1), Irqs(Trigger, 0, 1), Irqs(None, 0, 1), Irqs(Trigger | None | Bool, 0, 1, 1), Irqs(0x48, 0, 1),
            Irqs(Trigger | None | (1u << 31), 0, 1), Irqs(Trigger | None, 1, 0), Irqs(Trigger | Bool, 0, 0), [], new byte[19],
            Payloads.Interrupts((InterruptKind)5, Trigger | None, 0, 1), Payloads.Interrupts((InterruptKind)(-1), Trigger | None, 0, 0),
            Payloads.Interrupts(InterruptKind.Error, VfioIrqSet.VFIO_IRQ_SET_ACTION_MASK | None, 0, 1), Payloads.Interrupts(InterruptKind.Msi, Trigger | None, 0, 5)),
        Refused("a question for less than the answer's head", MessageCommand.DeviceGetInfo, [], new byte[15], new byte[16], Payloads.Of(new DeviceInfo { ArgumentSize = 15 })),
        Refused("regions that there are not", MessageCommand.DeviceGetRegionInfo,
            Region(31, 0), Region(0, 0), Region(32, 9), Region(uint.MaxValue, uint.MaxValue), [], Region(32, 0)[..^1]),
        Refused("interrupts that there are not", MessageCommand.DeviceGetIrqInfo,
            Payloads.Of(new VfioIrqInfo { argsz = 15 }), Payloads.Of(new VfioIrqInfo { argsz = 16, index = 5 }), Payloads.Of(new VfioIrqInfo { argsz = 16, index = uint.MaxValue }), []),
        Refused("doorbells that there are not", MessageCommand.DeviceGetRegionIoFds,
            Bells(16, 9, 0), Bells(16, uint.MaxValue, 0), Bells(15, 0, 0), Bells(16, 0, uint.MaxValue), Payloads.Of(new RegionIoFds { ArgumentSize = 16, Flags = 1 }), []),
        Refused("features out of range", MessageCommand.DeviceFeature,
            [], new byte[7], Feature(0, 8), Feature(Get | Set | 1, 64), Feature(Get | 1, 0), Feature(0xFFF0_0000, 64), Feature(Get | 1, 15),
            State(ulong.MaxValue), State(5), State(6), State(3 | (1UL << 31)), Feature(Set | 2, 16),
            LogStart(3, 0), LogStart(0, 0), LogStart(4096, uint.MaxValue), LogStart(4096, 0x1000_0001), LogStart(4096, 1), LogStart(4096, 1, 0, 0), LogStart(4096, 1, 2, ulong.MaxValue),
            LogStart(4096, 1, 0, 1, 2), Report(0, 4096, 4096)),
        Refused("features that there are not", MessageCommand.DeviceFeature, Errno.ENOTTY, Feature(Get | 0xFFFF, 64), Feature(Set | 1, 64), Feature(Get | 0, 64), Feature(Get | 5, 64)),
        new("reports of written memory out of range", null, ReportTooMuch),
        Refused("a state that nobody asked for", MessageCommand.MigrationDataRead, Payloads.Data(0, 0), Payloads.Data(uint.MaxValue, uint.MaxValue), []),
        Refused("a state that nobody wants", MessageCommand.MigrationDataWrite, Payloads.Data(12, 4, 1, 2, 3, 4), Payloads.Data(8, uint.MaxValue), []),
        new("a state of impossible sizes", null, MoveTooMuch),
        Refused("a reset with something in it", MessageCommand.DeviceReset, new byte[1], new byte[100_000]),
        new("commands that only a server sends", null, SendAsServer),
    ];

    private static HostileCase Refused(string name, MessageCommand command, params byte[][] payloads) => Refused(name, command, Errno.EINVAL, payloads);

    private static HostileCase Refused(string name, MessageCommand command, Errno error, params byte[][] payloads) => new(name, null, attack =>
    {
        RawClient client = attack.Greet();
        foreach (byte[] payload in payloads)
        {
            RawMessage reply = client.Ask(command, payload);
            reply.Error.ShouldBe(error, Convert.ToHexString(payload));
            reply.Payload.ShouldBeEmpty();
        }

        client.IsServed().ShouldBeTrue();
    });

    private static byte[] Irqs(uint flags, uint start, uint count, params ReadOnlySpan<byte> data) => Payloads.Interrupts(InterruptKind.Msix, flags, start, count, data);

    private static byte[] Region(uint room, uint index) => Payloads.Of(new VfioRegionInfo { argsz = room, index = index });

    private static byte[] Bells(uint room, uint index, uint count) => Payloads.Of(new RegionIoFds { ArgumentSize = room, Index = index, Count = count });

    private static byte[] Feature(uint flags, uint argsz, params ReadOnlySpan<byte> data) => Payloads.Feature(flags, argsz, data);

    private static byte[] State(ulong record) => Feature(Set | VfioDeviceFeature.VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, 16, Payloads.Of(record));

    private static byte[] LogStart(ulong page, uint count, params ReadOnlySpan<ulong> ranges) => Feature(
        Set | VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_START, 24,
        [.. Payloads.Of(new DirtyLogControl { PageSize = page, Ranges = count }), .. System.Runtime.InteropServices.MemoryMarshal.AsBytes(ranges)]);

    private static byte[] Report(ulong address, ulong length, ulong page, uint room = 1 << 20) => Feature(
        Get | VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, room, Payloads.Of(new DirtyLogReport { Address = address, Length = length, PageSize = page }));

    private static void MapTooMuch(Attack attack)
    {
        RawClient client = attack.Greet();
        client.Ask(MessageCommand.DmaMap, Payloads.Map(0, (1UL << 44) + 1)).Error.ShouldBe(Errno.ENOSPC);
        client.Ask(MessageCommand.DmaMap, Payloads.Map(0, 1UL << 44)).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.DmaMap, Payloads.Map(1UL << 44, 1)).Error.ShouldBe(Errno.ENOSPC);
        client.IsServed().ShouldBeTrue();
    }

    private static void ReportTooMuch(Attack attack)
    {
        RawClient client = attack.Greet();
        client.Ask(MessageCommand.DeviceFeature, LogStart(4096, 0)).Error.ShouldBe(Errno.None);
        byte[][] wrong =
        [
            LogStart(4096, 0), Report(0, 0, 4096), Report(0, 4095, 4096), Report(1, 4096, 4096), Report(0, 4096, 2048), Report(0, 4096, 3), Report(0, 4096, 0),
            Report(0, ulong.MaxValue & ~4095UL, 4096), Report(0x1000, ulong.MaxValue - 0xFFF, 4096, 64), Report(0, 1UL << 63, 4096), Report(0, 4096, 4096, room: 32), Report(0, 4096, 4096, room: 39),
            Report(1UL << 63, (1UL << 63) + 4096, 4096),
        ];
        foreach (byte[] payload in wrong)
        {
            client.Ask(MessageCommand.DeviceFeature, payload).Error.ShouldBe(Errno.EINVAL, Convert.ToHexString(payload));
        }

        // The widest that there is: a bit for each half of all addresses.
        client.Ask(MessageCommand.DeviceFeature, Report(0, 1UL << 63, 1UL << 63)).Payload.Length.ShouldBe(8 + 24 + 8);
        client.IsServed().ShouldBeTrue();
    }

    private static void MoveTooMuch(Attack attack)
    {
        RawClient client = attack.Greet();
        client.Ask(MessageCommand.DeviceFeature, Payloads.State(VfioMigrationState.VFIO_DEVICE_STATE_STOP_COPY)).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.MigrationDataRead, Payloads.Data(uint.MaxValue, uint.MaxValue)).Error.ShouldBe(Errno.EINVAL);
        client.Ask(MessageCommand.MigrationDataRead, Payloads.Data(uint.MaxValue, (1 << 20) + 1)).Error.ShouldBe(Errno.EINVAL);
        client.Ask(MessageCommand.MigrationDataRead, Payloads.Data(8, 1)).Error.ShouldBe(Errno.EINVAL);
        client.Ask(MessageCommand.MigrationDataRead, Payloads.Data(108, 100)).Payload.Length.ShouldBe(108);
        client.Ask(MessageCommand.DeviceFeature, Payloads.State(VfioMigrationState.VFIO_DEVICE_STATE_RESUMING)).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.MigrationDataWrite, Payloads.Data(8, uint.MaxValue)).Error.ShouldBe(Errno.EINVAL);
        client.Ask(MessageCommand.MigrationDataWrite, Payloads.Data(8, 5, 1, 2, 3, 4)).Error.ShouldBe(Errno.EINVAL);
        client.Ask(MessageCommand.RegionRead, Payloads.Read(0, 0, 4)).Error.ShouldBe(Errno.EIO); // it is stopped
    }

    private static void SendAsServer(Attack attack)
    {
        RawClient client = attack.Greet();
        foreach (int command in (ReadOnlySpan<int>)[(int)MessageCommand.DmaRead, (int)MessageCommand.DmaWrite, 0, 14, 19, 0x8000, 0xFFFF])
        {
            client.Ask((MessageCommand)command, Payloads.Of(new MemoryAccess { Address = 0, Count = 4096 })).Error.ShouldBe(Errno.EINVAL);
        }

        client.IsServed().ShouldBeTrue();
    }
}
