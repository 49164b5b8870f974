using System.Runtime.InteropServices;
using VfioSharp.VfioUser.Tests.Raw;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Wire;

/// <summary>Command numbers and header flags, as the specification's tables have them.</summary>
public class HeaderTests
{
    [Theory]
    [InlineData("VERSION", 1)]
    [InlineData("DMA_MAP", 2)]
    [InlineData("DMA_UNMAP", 3)]
    [InlineData("DEVICE_GET_INFO", 4)]
    [InlineData("DEVICE_GET_REGION_INFO", 5)]
    [InlineData("DEVICE_GET_REGION_IO_FDS", 6)]
    [InlineData("DEVICE_GET_IRQ_INFO", 7)]
    [InlineData("DEVICE_SET_IRQS", 8)]
    [InlineData("REGION_READ", 9)]
    [InlineData("REGION_WRITE", 10)]
    [InlineData("DMA_READ", 11)]
    [InlineData("DMA_WRITE", 12)]
    [InlineData("DEVICE_RESET", 13)]
    [InlineData("REGION_WRITE_MULTI", 15)]
    [InlineData("DEVICE_FEATURE", 16)]
    [InlineData("MIG_DATA_READ", 17)]
    [InlineData("MIG_DATA_WRITE", 18)]
    public void A_command_has_its_number(string name, ushort number)
    {
        VfioUser.Tracing.MessageText.NameOf((MessageCommand)number).ShouldBe(name);
        Enum.IsDefined((MessageCommand)number).ShouldBeTrue();
    }

    [Fact]
    public void There_are_no_other_commands() => Enum.GetValues<MessageCommand>().Length.ShouldBe(17);

    [Theory]
    [InlineData(0x00, true, false, true, false)]
    [InlineData(0x01, false, true, true, false)]
    [InlineData(0x10, true, false, false, false)]
    [InlineData(0x11, false, true, false, false)]
    [InlineData(0x20, true, false, true, true)]
    [InlineData(0x21, false, true, true, true)]
    [InlineData(0x02, false, false, true, false)]
    [InlineData(0x03, false, false, true, false)]
    [InlineData(0x08, false, false, true, false)]
    [InlineData(0x0f, false, false, true, false)]
    [InlineData(0xffffffc0, true, false, true, false)]
    public void Flags_mean_what_their_bits_say(uint flags, bool isCommand, bool isReply, bool wantsReply, bool isError)
    {
        MessageHeader header = Read(RawPeer.Message(7, 4, [], flags));
        (header.IsCommand, header.IsReply, header.WantsReply, header.IsError).ShouldBe((isCommand, isReply, wantsReply, isError));
    }

    [Theory]
    [InlineData(false, new ushort[] { Commands.DmaMap, Commands.DmaUnmap, Commands.SetIrqs })]
    [InlineData(true, new ushort[] { Commands.Version, Commands.GetRegionInfo, Commands.GetRegionIoFds })]
    public void Descriptors_come_with_few_messages(bool replies, ushort[] carriers)
    {
        for (ushort command = 0; command < 32; command++)
        {
            Read(RawPeer.Message(7, command, [], replies ? 1u : 0)).MayCarryDescriptors.ShouldBe(carriers.Contains(command), $"command {command}");
        }
    }

    private static MessageHeader Read(byte[] bytes) => MemoryMarshal.Read<MessageHeader>(bytes);
}
