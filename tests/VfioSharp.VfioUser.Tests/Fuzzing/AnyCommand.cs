using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.VfioUser.Tests.Hostile;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Fuzzing;

/// <summary>A command that is a message, with any numbers in it, more often than not such as mean something.</summary>
/// <param name="Command">What it asks for.</param>
/// <param name="Payload">With what.</param>
/// <param name="Files">How many descriptors come along.</param>
/// <param name="IsMemory">Whether those are memory; else eventfds.</param>
internal sealed record AnyCommand(MessageCommand Command, byte[] Payload, int Files = 0, bool IsMemory = false)
{
    /// <summary>How many commands there are in a sequence.</summary>
    public const int Most = 250;

    private static readonly Gen<ulong> Numbers = Gen.Frequency(
        (4, Gen.Choose(0, 80).Select(number => (ulong)number)),
        (3, Gen.Choose(0, 5000).Select(number => (ulong)number)),
        (2, Gen.Choose(0, 40).Select(shift => 4096UL << shift)),
        (2, Gen.Elements<ulong>(0xFFF, 0x1001, 0xFFFF, 0xF_FFFF, int.MaxValue, 0xFFFF_FFF0, uint.MaxValue, long.MaxValue, ulong.MaxValue - 4095, ulong.MaxValue)));

    // Where something is, as a rule.
    private static readonly Gen<uint> Words = Numbers.Select(number => (uint)number);
    private static readonly Gen<uint> Regions = Gen.Frequency((9, Gen.Choose(0, 8).Select(region => (uint)region)), (1, Words));
    private static readonly Gen<ulong> Addresses = Gen.Frequency((3, Gen.Choose(0, 64).Select(page => (ulong)page * 4096)), (1, Numbers));
    private static readonly Gen<uint> Lengths = Gen.Frequency((8, Gen.Elements<uint>(1, 2, 4, 8)), (1, Words));
    private static readonly Gen<byte[]> Bytes = Gen.Frequency((4, Gen.Elements(1, 2, 4, 8)), (1, Gen.Choose(0, 100))).SelectMany(length => Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value), length));

    private static readonly Gen<AnyCommand> Commands = Gen.Frequency(
        (4,
            from region in Regions
            from offset in Numbers
            from count in Lengths
            select new AnyCommand(MessageCommand.RegionRead, Payloads.Read(region, offset, count))),
        (8,
            from region in Regions
            from offset in Numbers
            from data in Bytes
            select new AnyCommand(MessageCommand.RegionWrite, Payloads.Write(region, offset, data))),
        (2,
            from writes in (from region in Regions from offset in Numbers from count in Lengths select new WriteEntry { Region = region, Offset = offset, Count = count }).ListOf(5)
            select new AnyCommand(MessageCommand.RegionWriteMulti, Payloads.WriteMulti((ulong)writes.Count, [.. writes]))),
        (4,
            from address in Addresses
            from size in Addresses
            from offset in Addresses
            from flags in Gen.Elements<uint>(1, 2, 3, 3, 3, 0, 7)
            from files in Gen.Elements(0, 1, 1, 1, 2)
            select new AnyCommand(MessageCommand.DmaMap, Payloads.Map(address, size, offset, flags), files, IsMemory: true)),
        (3,
            from address in Addresses
            from size in Addresses
            from flags in Gen.Elements<uint>(0, 0, 0, 1, 2)
            select new AnyCommand(MessageCommand.DmaUnmap, Payloads.Unmap(address, size, flags))),
        (1,
            from size in Words
            select new AnyCommand(MessageCommand.DeviceGetInfo, Payloads.Of(new DeviceInfo { ArgumentSize = size }))),
        (1,
            from size in Words
            from index in Regions
            select new AnyCommand(MessageCommand.DeviceGetRegionInfo, Payloads.Of(new VfioRegionInfo { argsz = size, index = index }))),
        (1,
            from size in Words
            from index in Regions
            select new AnyCommand(MessageCommand.DeviceGetIrqInfo, Payloads.Of(new VfioIrqInfo { argsz = size, index = index }))),
        (1,
            from size in Words
            from index in Regions
            from count in Words
            select new AnyCommand(MessageCommand.DeviceGetRegionIoFds, Payloads.Of(new RegionIoFds { ArgumentSize = size, Index = index, Count = count }))),
        (5,
            from kind in Gen.Choose(0, 5)
            from data in Gen.Elements<uint>(1, 2, 4, 4, 3)
            from action in Gen.Elements<uint>(8, 16, 32, 32, 48)
            from first in Words
            from count in Words
            from bools in Bytes
            from files in Gen.Choose(0, 8)
            select new AnyCommand(MessageCommand.DeviceSetIrqs, Payloads.Interrupts((Devices.Seam.InterruptKind)kind, data | action, first, data == 4 && files > 0 ? (uint)files : count, data == 2 ? bools : []), data == 4 ? files : 0)),
        (1, Gen.Constant(new AnyCommand(MessageCommand.DeviceReset, []))),
        (3,
            from feature in Gen.Choose(0, 9)
            from how in Gen.Elements<uint>(1 << 16, 1 << 17, 1 << 18, 3 << 16)
            from size in Words
            from numbers in Addresses.ListOf(5)
            select new AnyCommand(MessageCommand.DeviceFeature, Payloads.Feature(how | (uint)feature, size, MemoryMarshal.AsBytes<ulong>([.. numbers])))),
        (2,
            from state in Gen.Choose(0, 7)
            select new AnyCommand(MessageCommand.DeviceFeature, Payloads.State((VfioMigrationState)state))),
        (1,
            from size in Words
            from count in Words
            select new AnyCommand(MessageCommand.MigrationDataRead, Payloads.Data(size, count))),
        (1,
            from size in Words
            from data in Bytes
            select new AnyCommand(MessageCommand.MigrationDataWrite, Payloads.Data(size, (uint)data.Length, data))),
        (1,
            from command in Gen.Choose(0, 20).Where(command => command is not (int)MessageCommand.Version)
            from data in Bytes
            select new AnyCommand((MessageCommand)command, data)));

    /// <summary>Sequences of them.</summary>
    public static readonly Gen<AnyCommand[]> Sequences =
        from commands in (from command in Commands from isSilent in Gen.Frequency((7, Gen.Constant(false)), (1, Gen.Constant(true))) select command with { WantsReply = !isSilent }).ListOf(Most)
        select commands.ToArray();

    /// <summary>Whether it is to be replied to.</summary>
    public bool WantsReply { get; init; } = true;

    public override string ToString() => $"{Command}{(WantsReply ? "" : " (no reply)")} {Convert.ToHexString(Payload)} with {Files}";
}
