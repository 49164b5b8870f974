using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>Headers that cannot be, and fields of them that do not matter.</summary>
public sealed class HeaderTests : IAsyncDisposable
{
    private readonly ServerRig rig = new();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Theory]
    [InlineData(0u)]
    [InlineData(4u)]
    [InlineData(15u)]
    [InlineData((1u << 20) + (64 << 10) + 1)]
    [InlineData(0x7fffffffu)]
    [InlineData(0x80000000u)]
    [InlineData(0xfffffff0u)]
    [InlineData(0xffffffffu)]
    public void A_size_that_cannot_be_ends_the_connection_after_what_came_before(uint size)
    {
        RawClient client = rig.Greeted();
        client.Send([.. RawPeer.Message(1, Commands.GetInfo, Payloads.GetInfo()), .. RawPeer.Message(2, Commands.GetInfo, Payloads.GetInfo(), size: size)]);
        client.Receive().Id.ShouldBe((ushort)1);
        client.ShouldEnd();
        rig.ShouldLog($"a message says that it has {size} bytes");
        rig.Greeted().ShouldBeServed();
    }

    [Theory]
    [InlineData(2u)]
    [InlineData(8u)]
    [InlineData(15u)]
    [InlineData(0x13u)]
    public void A_type_that_is_none_ends_the_connection(uint flags)
    {
        RawClient client = rig.Greeted();
        client.Send(RawPeer.Message(1, Commands.GetInfo, Payloads.GetInfo(), flags));
        client.ShouldEnd();
        rig.ShouldLog($"it sent a message of type {flags & 15}, which there is not");
    }

    [Fact]
    public void A_reply_that_nobody_asked_for_ends_the_connection()
    {
        RawClient client = rig.Greeted();
        client.Send(RawPeer.Message(1, Commands.DmaRead, Payloads.Memory(0, 0), RawPeer.Reply));
        client.ShouldEnd();
        rig.ShouldLog("it replied to what nobody asked");
    }

    [Theory]
    [InlineData(0x20u, 0u)]
    [InlineData(0x40u, 0u)]
    [InlineData(0xffffffc0u, 0xffffffffu)]
    [InlineData(0u, 22u)]
    public void Reserved_bits_and_the_error_of_a_command_mean_nothing(uint flags, uint error)
    {
        RawClient client = rig.Greeted();
        client.Send(RawPeer.Message(0xABCD, Commands.GetInfo, Payloads.GetInfo(), flags, error));
        client.Receive().Bytes.ShouldBe(RawPeer.Message(0xABCD, Commands.GetInfo, new Bytes().U32(16, 3, 9, 5), RawPeer.Reply));
    }

    [Fact]
    public void Ids_are_given_back_and_may_be_used_again_at_once()
    {
        RawClient client = rig.Greeted();
        ushort[] ids = [0, 1, 0xFFFF, 7, 7, 7, 0];
        client.Send([.. ids.SelectMany(id => RawPeer.Message(id, Commands.GetInfo, Payloads.GetInfo()))]);
        ids.Select(_ => client.Receive().Id).ShouldBe(ids);
    }

    [Theory]
    [InlineData((ushort)0)]
    [InlineData(Commands.DmaRead)] // the server's own
    [InlineData(Commands.DmaWrite)]
    [InlineData((ushort)14)]
    [InlineData((ushort)19)]
    [InlineData((ushort)0x8000)]
    [InlineData((ushort)0xFFFF)]
    public void A_command_that_is_none_is_refused_whatever_it_brings(ushort command)
    {
        RawClient client = rig.Greeted();
        client.ShouldRefuse(Errno.EINVAL, command, []);
        client.ShouldRefuse(Errno.EINVAL, command, new byte[64]);
        client.ShouldRefuse(Errno.EINVAL, command, new byte[100_000]);
        using FileDescriptor file = EventFd.Create(0, out Errno _)!.File;
        client.ShouldRefuse(Errno.EINVAL, command, [], file, file);
        OpenFiles.CountOf(file).ShouldBe(1);
    }

    [Fact]
    public void The_longest_message_is_carried_out_and_its_length_is_told()
    {
        RawClient client = rig.Greeted();
        client.ShouldRefuse(Errno.EINVAL, Commands.GetIrqInfo, new byte[(1 << 20) + (64 << 10) - 16]);
        client.ShouldAnswer(Commands.RegionWrite, Payloads.Region(0, 2 * Layouts.Page, (uint)Layouts.Page, new byte[Layouts.Page]), Payloads.Region(0, 2 * Layouts.Page, (uint)Layouts.Page));
    }

    [Fact]
    public void More_descriptors_than_may_come_with_a_message_end_the_connection_and_are_closed()
    {
        using FileDescriptor file = EventFd.Create(0, out Errno _)!.File;
        RawClient client = rig.Greeted();
        client.ShouldRefuse(Errno.EINVAL, Commands.SetIrqs, Payloads.SetIrqs(2, 0x24, 0, 4), [.. Enumerable.Repeat(file, 128)]);
        client.Send(RawPeer.Message(1, Commands.SetIrqs, Payloads.SetIrqs(2, 0x24, 0, 4)), [.. Enumerable.Repeat(file, 129)]);
        client.ShouldEnd();
        rig.ShouldLog("129 descriptors came with a message, where 128 may");
        Patience.Until(() => OpenFiles.CountOf(file) == 1);
    }
}
