using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser.Tests.Raw;
using VfioSharp.VfioUser.Tracing;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Wire;

/// <summary>Messages as a person reads them: one line each, whatever is in them.</summary>
public class MessageTextTests
{
    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Iterations(500, longFactor: 100));

    public static TheoryData<string, byte[], int> Lines => new()
    {
        { "VERSION #7 0.2 {\"capabilities\":{}}", Ask(Commands.Version, Payloads.Version(0, 2, """{"capabilities":{}}""")), 0 },
        { "VERSION reply #7 0.2 {} +1 fd", Answer(Commands.Version, Payloads.Version(0, 2, "{}")), 1 },
        { "VERSION #7 0.0 ", Ask(Commands.Version, Payloads.Version(0, 0, null)), 0 },
        { "DMA_MAP #7 0x1000+0x2000 read write file offset 0x3000 +1 fd", Ask(Commands.DmaMap, Payloads.DmaMap(0x1000, 0x2000, 3, 0x3000)), 1 },
        { "DMA_MAP #7 0x0+0x1 read file offset 0x0", Ask(Commands.DmaMap, Payloads.DmaMap(0, 1, 1)), 0 },
        { "DMA_MAP #7 0x0+0x1 write file offset 0x0", Ask(Commands.DmaMap, Payloads.DmaMap(0, 1, 2)), 0 },
        { "DMA_MAP #7 0x0+0x1 flags 0x4 file offset 0x0", Ask(Commands.DmaMap, Payloads.DmaMap(0, 1, 4)), 0 },
        { "DMA_MAP reply #7", Answer(Commands.DmaMap, []), 0 },
        { "DMA_UNMAP #7 0x1000+0x2000", Ask(Commands.DmaUnmap, Payloads.DmaUnmap(0x1000, 0x2000)), 0 },
        { "DMA_UNMAP #7 0x0+0x0 flags 0x2", Ask(Commands.DmaUnmap, Payloads.DmaUnmap(0, 0, 2)), 0 },
        { "DEVICE_GET_INFO #7 argsz 16 flags 0x0 regions 0 irqs 0", Ask(Commands.GetInfo, Payloads.GetInfo()), 0 },
        { "DEVICE_GET_INFO reply #7 argsz 16 flags 0x3 regions 9 irqs 5", Answer(Commands.GetInfo, new Bytes().U32(16, 3, 9, 5)), 0 },
        { "DEVICE_GET_REGION_INFO #7 BAR 5 argsz 32", Ask(Commands.GetRegionInfo, Payloads.RegionInfo(5)), 0 },
        { "DEVICE_GET_REGION_INFO reply #7 config argsz 32 size 0x1000 flags 0x3", Answer(Commands.GetRegionInfo, new Bytes().U32(32, 3, 7, 0).U64(0x1000, 0)), 0 },
        {
            "DEVICE_GET_REGION_INFO reply #7 BAR 0 argsz 72 size 0x4000 flags 0xf sparse [0x1000-0x2fff] msix-mappable +1 fd",
            Answer(Commands.GetRegionInfo, new Bytes().U32(72, 15, 0, 32).U64(0x4000, 0).U16(1, 1).U32(64, 1, 0).U64(0x1000, 0x2000).U16(3, 1).U32(0)), 1
        },
        { "DEVICE_GET_REGION_IO_FDS #7 ROM count 0 argsz 16", Ask(Commands.GetRegionIoFds, Payloads.RegionIoFds(6)), 0 },
        { "DEVICE_GET_IRQ_INFO #7 MSI-X count 0 flags 0x0", Ask(Commands.GetIrqInfo, Payloads.IrqInfo(2)), 0 },
        { "DEVICE_GET_IRQ_INFO reply #7 request count 1 flags 0x1", Answer(Commands.GetIrqInfo, new Bytes().U32(16, 1, 4, 1)), 0 },
        { "DEVICE_SET_IRQS #7 MSI 1+3 eventfd|trigger +3 fd", Ask(Commands.SetIrqs, Payloads.SetIrqs(1, 0x24, 1, 3)), 3 },
        { "DEVICE_SET_IRQS #7 INTx 0+1 bool|mask [01]", Ask(Commands.SetIrqs, Payloads.SetIrqs(0, 0x0a, 0, 1, [1])), 0 },
        { "DEVICE_SET_IRQS #7 irq 99 0+0 none|unmask|0x80000040", Ask(Commands.SetIrqs, Payloads.SetIrqs(99, 0x80000051, 0, 0)), 0 },
        { "REGION_READ #7 BAR 0 0x10+4", Ask(Commands.RegionRead, Payloads.Region(0, 0x10, 4)), 0 },
        { "REGION_READ reply #7 BAR 0 0x10+4 [01020304]", Answer(Commands.RegionRead, Payloads.Region(0, 0x10, 4, [1, 2, 3, 4])), 0 },
        { "REGION_WRITE #7 region 8 0x10+2 [abcd] no reply", Ask(Commands.RegionWrite, Payloads.Region(8, 0x10, 2, [0xAB, 0xCD]), RawPeer.NoReply), 0 },
        { "REGION_WRITE reply #7 BAR 0 0x10+2", Answer(Commands.RegionWrite, Payloads.Region(0, 0x10, 2)), 0 },
        { "DMA_READ #7 0x1000+8", Ask(Commands.DmaRead, Payloads.Memory(0x1000, 8)), 0 },
        { "DMA_READ reply #7 0x1000+2 [0102]", Answer(Commands.DmaRead, Payloads.Memory(0x1000, 2, [1, 2])), 0 },
        { $"DMA_WRITE #7 0x1000+33 [{new string('0', 64)}… 33 bytes]", Ask(Commands.DmaWrite, Payloads.Memory(0x1000, 33, new byte[33])), 0 },
        { "DEVICE_RESET #7", Ask(Commands.Reset, []), 0 },
        { "DEVICE_RESET #7 [01]", Ask(Commands.Reset, [1]), 0 },
        { "command 14 #7", Ask(14, []), 0 },
        { "command 65535 #7 [0102]", Ask(65535, [1, 2]), 0 },
        { "REGION_WRITE_MULTI #7 count 2 BAR 1 0x8+4 = 0x5 BAR 0 0x10+8 = 0x6", Ask(Commands.WriteMulti, Payloads.WriteMulti(2, (8, 1, 4, 5), (16, 0, 8, 6))), 0 },
        { "REGION_WRITE_MULTI reply #7 count 2", Answer(Commands.WriteMulti, Payloads.WriteMulti(2)), 0 },
        { "DEVICE_FEATURE #7 migration get argsz 16", Ask(Commands.Feature, Payloads.Feature(0x10001, argsz: 16)), 0 },
        { "DEVICE_FEATURE #7 migration state set argsz 16 [0100000000000000]", Ask(Commands.Feature, Payloads.State(1)), 0 },
        { "DEVICE_FEATURE #7 log start set probe argsz 8", Ask(Commands.Feature, Payloads.Feature(0x60006)), 0 },
        { "DEVICE_FEATURE #7 log stop set argsz 8", Ask(Commands.Feature, Payloads.Feature(0x20007)), 0 },
        { "DEVICE_FEATURE #7 log report get argsz 8", Ask(Commands.Feature, Payloads.Feature(0x10008)), 0 },
        { "DEVICE_FEATURE #7 feature 9 get argsz 8", Ask(Commands.Feature, Payloads.Feature(0x10009)), 0 },
        { "MIG_DATA_READ #7 100 bytes", Ask(Commands.MigDataRead, Payloads.MigData(100)), 0 },
        { "MIG_DATA_WRITE #7 2 bytes", Ask(Commands.MigDataWrite, Payloads.MigData(2, [1, 2])), 0 },
        { "REGION_READ reply #7 error EINVAL", RawPeer.Message(7, Commands.RegionRead, [], 0x21, 22), 0 },
        { "REGION_READ reply #7 error 9999", RawPeer.Message(7, Commands.RegionRead, [], 0x21, 9999), 0 },
        { "REGION_READ #7 [010203]", Ask(Commands.RegionRead, [1, 2, 3]), 0 }, // too short to be one
    };

    [Theory, MemberData(nameof(Lines))]
    public void A_message_reads_so(string line, byte[] message, int descriptors) => Describe(message, descriptors).ShouldBe(line);

    [Theory]
    [InlineData("{\"a\":\n\"b\"}\r\0", "{\"a\":\\u000a\"b\"}\\u000d")]
    [InlineData("{}\0\u001b[31m<- DEVICE_RESET", "{}\\u0000\\u001b[31m<- DEVICE_RESET")]
    [InlineData("{\"\u202e\u2028\":1}", "{\"\\u202e\\u2028\":1}")]
    public void What_a_peer_writes_neither_looks_like_another_line_nor_steers_a_terminal(string json, string shown) =>
        Describe(Ask(Commands.Version, Payloads.Version(0, 2, json)), 0).ShouldBe($"VERSION #7 0.2 {shown}");

    [Fact]
    public void Every_message_of_every_length_reads_as_something()
    {
        foreach (byte[] message in Lines.Select(row => row.Data.Item2))
        {
            for (int length = RawPeer.HeaderLength; length <= message.Length; length++)
            {
                Describe(message[..length], 0).ShouldNotBeNullOrWhiteSpace();
            }
        }
    }

    [Fact]
    public void Whatever_comes_is_one_line() => Prop.ForAll(
        (from command in Gen.Choose(0, 20)
         from flags in Gen.Elements<uint>(0, 1, 0x10, 0x21, 0x20, 0x3, uint.MaxValue)
         from error in Gen.Choose(0, 200)
         from payload in Gen.ArrayOf(Gen.Frequency((3, Gen.Elements<byte>(0, 1, 8, 16, 32, 64)), (1, Gen.Choose(0, 255).Select(value => (byte)value))))
         from more in Gen.Choose(0, 100)
         from descriptors in Gen.Choose(0, 3)
         select (RawPeer.Message(7, (ushort)command, [.. payload, .. new byte[more]], flags, (uint)error), descriptors)).ToArbitrary(),
        input => Describe(input.Item1, input.descriptors).ShouldAllBe(character => !char.IsControl(character))).Check(Config);

    private static byte[] Ask(ushort command, ReadOnlySpan<byte> payload, uint flags = 0) => RawPeer.Message(7, command, payload, flags);

    private static byte[] Answer(ushort command, ReadOnlySpan<byte> payload) => RawPeer.Message(7, command, payload, RawPeer.Reply);

    private static string Describe(byte[] message, int descriptors) =>
        MessageText.Describe(MemoryMarshal.Read<MessageHeader>(message), message.AsSpan(RawPeer.HeaderLength), descriptors);
}
