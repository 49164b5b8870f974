using System.Text;
using System.Text.Json;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>How a connection begins (VFIO_USER_VERSION).</summary>
public sealed class VersionTests : IAsyncDisposable
{
    private readonly ServerRig rig = new();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(65535, 2)]
    public void The_lesser_minor_version_is_agreed_on(ushort proposed, ushort agreed)
    {
        RawClient client = rig.Connect();
        client.ShouldAnswer(Commands.Version, Payloads.Version(0, proposed, null), new Bytes().U16(0, agreed));
        client.ShouldBeServed();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(65535)]
    public void Another_major_version_is_refused_and_the_connection_ends(ushort major)
    {
        RawClient client = rig.Connect();
        Refused(client, Payloads.Version(major, 0, null));
        rig.ShouldLog($"it speaks version {major}.0, not 0");
    }

    [Fact]
    public void Who_brings_no_JSON_is_given_none_and_the_least_is_taken_of_what_it_can()
    {
        RawClient client = rig.Connect();
        client.ShouldAnswer(Commands.Version, Payloads.Version(0, 2, null), new Bytes().U16(0, 2));

        // Several writes in one message were not proposed, and one descriptor is all that it takes.
        client.ShouldRefuse(Errno.EOPNOTSUPP, Commands.WriteMulti, Payloads.WriteMulti(0));
        using RawMessage bells = client.Call(Commands.GetRegionIoFds, Payloads.RegionIoFds(0, 1000));
        (bells.U32(12), bells.Files.Length).ShouldBe((1u, 1));
    }

    [Theory]
    [InlineData("{}", 1, false, false)]
    [InlineData("""{"capabilities":{}}""", 1, false, false)]
    [InlineData("""{"capabilities":{"max_msg_fds":16}}""", 16, false, false)]
    [InlineData("""{"capabilities":{"max_msg_fds":253}}""", 128, false, false)]
    [InlineData("""{"capabilities":{"max_msg_fds":16,"write_multiple":true}}""", 16, true, false)]
    [InlineData("""{"capabilities":{"max_msg_fds":16,"write_multiple":false}}""", 16, false, false)]
    [InlineData("""{"capabilities":{"twin_socket":{"supported":true}}}""", 1, false, true)]
    [InlineData("""{"capabilities":{"max_msg_fds":2,"twin_socket":{"supported":true},"write_multiple":true}}""", 2, true, true)]
    [InlineData("""{"capabilities":{"max_msg_fds":2,"twin_socket":{"supported":false}}}""", 2, false, false)]
    [InlineData("""{"capabilities":{"max_msg_fds":2,"twin_socket":{}}}""", 2, false, false)]
    [InlineData("""{"capabilities":{"max_msg_fds":0,"twin_socket":{"supported":true}}}""", 1, false, false)]
    [InlineData("""{"future":{},"capabilities":{"max_msg_fds":1,"future":[1]}}""", 1, false, false)]
    public void The_answer_names_what_was_proposed_and_no_more(string json, int descriptors, bool writesMany, bool hasTwin)
    {
        RawClient client = rig.Connect();
        using RawMessage answer = client.Greet(json);
        answer.Payload[^1].ShouldBe((byte)0);
        using var text = JsonDocument.Parse(answer.Json);
        JsonElement capabilities = text.RootElement.GetProperty("capabilities");
        var expected = new Dictionary<string, string>
        {
            ["max_msg_fds"] = $"{descriptors}",
            ["max_data_xfer_size"] = "1048576",
            ["max_dma_maps"] = "65535",
            ["pgsizes"] = "4096",
        };
        if (writesMany)
        {
            expected["write_multiple"] = "true";
        }

        if (hasTwin)
        {
            expected["twin_socket"] = """{"supported":true,"fd_index":0}""";
        }

        capabilities.EnumerateObject().ToDictionary(member => member.Name, member => member.Value.GetRawText()).ShouldBe(expected, ignoreOrder: true);
        answer.Files.Length.ShouldBe(hasTwin ? 1 : 0);
        client.ShouldBeServed();
    }

    [Fact]
    public void QEMU_can_bear_the_answer()
    {
        // It reads the reply into the room that its own proposal took, and refuses a server that says more than it does itself.
        byte[] proposal = Payloads.Version(0, 0, Payloads.QemuJson);
        (16 + proposal.Length).ShouldBe(214);
        RawClient client = rig.Connect();
        using RawMessage answer = client.Call(Commands.Version, proposal);
        answer.Bytes.Length.ShouldBeLessThanOrEqualTo(214);
        answer.Payload[..4].ShouldBe([0, 0, 0, 0]);
        using var text = JsonDocument.Parse(answer.Json);
        JsonElement capabilities = text.RootElement.GetProperty("capabilities");
        capabilities.GetProperty("max_msg_fds").GetInt32().ShouldBeLessThanOrEqualTo(16);
        capabilities.GetProperty("max_data_xfer_size").GetInt32().ShouldBeLessThanOrEqualTo(1048576);
        capabilities.GetProperty("max_dma_maps").GetInt32().ShouldBeLessThanOrEqualTo(65535);
        capabilities.GetProperty("pgsizes").GetInt32().ShouldBe(4096);
        capabilities.GetProperty("write_multiple").GetBoolean().ShouldBeTrue();
        answer.Files.ShouldBeEmpty();
        client.ShouldBeServed();
    }

    [Theory]
    [InlineData(Commands.GetInfo)]
    [InlineData(Commands.DmaMap)]
    [InlineData(Commands.Reset)]
    [InlineData((ushort)0)]
    [InlineData((ushort)999)]
    public void Who_begins_by_anything_else_is_turned_away(ushort command)
    {
        RawClient client = rig.Connect();
        client.Send(RawPeer.Message(1, command, Payloads.GetInfo()));
        client.ShouldEnd();
        rig.ShouldLog("it did not begin by its version");
    }

    [Theory]
    [InlineData(RawPeer.NoReply)]
    [InlineData(RawPeer.Reply)]
    [InlineData(2u)]
    public void So_is_who_wants_no_answer_or_asks_nothing(uint flags)
    {
        RawClient client = rig.Connect();
        client.Send(RawPeer.Message(1, Commands.Version, Payloads.Version(0, 2, null), flags));
        client.ShouldEnd();
    }

    [Fact]
    public void A_version_that_is_cut_off_or_no_text_is_refused_whatever_its_length()
    {
        byte[] whole = Payloads.Version(0, 2, RawClient.UsualJson);
        for (int length = 0; length < whole.Length; length += length is > 5 and < 60 ? 11 : 1)
        {
            if (length != 4)
            {
                Refused(rig.Connect(), whole[..length]);
            }
        }

        Refused(rig.Connect(), [.. Payloads.Version(0, 2, null), .. "{\"\xff\":1}"u8.ToArray().Select(value => value == 0xC3 ? (byte)0xFF : value), 0]);
        Refused(rig.Connect(), Payloads.Version(0, 2, """{"\ud800":1}"""));
        Refused(rig.Connect(), Payloads.Version(0, 2, """{"capabilities":{"max_msg_fds":-1}}"""));
        rig.Greeted().ShouldBeServed();
    }

    [Fact]
    public void A_second_version_is_refused_and_changes_nothing()
    {
        RawClient client = rig.Greeted();
        client.ShouldRefuse(Errno.EINVAL, Commands.Version, Payloads.Version(0, 0, null));
        client.ShouldAnswer(Commands.WriteMulti, Payloads.WriteMulti(0), new Bytes().U64(0));
    }

    [Fact]
    public void Commands_that_come_with_the_version_are_carried_out_after_it()
    {
        RawClient client = rig.Connect();
        client.Send([
            .. RawPeer.Message(1, Commands.Version, Payloads.Version(0, 2, RawClient.UsualJson)), .. RawPeer.Message(2, Commands.GetInfo, Payloads.GetInfo()),
            .. RawPeer.Message(3, Commands.Version, Payloads.Version(0, 2, null)), .. RawPeer.Message(4, Commands.RegionRead, Payloads.Region(7, 0, 4))]);
        (ushort Id, Errno Error)[] replies = [.. Enumerable.Range(0, 4).Select(_ => client.Receive()).Select(reply => (reply.Id, reply.Error))];
        replies.ShouldBe([(1, Errno.None), (2, Errno.None), (3, Errno.EINVAL), (4, Errno.None)]);
    }

    [Fact]
    public void Descriptors_that_come_with_a_version_are_closed()
    {
        using FileDescriptor file = EventFd.Create(0, out Errno _)!.File;
        RawClient client = rig.Connect();
        client.Call(Commands.Version, Payloads.Version(0, 2, RawClient.UsualJson), file, file).Error.ShouldBe(Errno.None);
        client.ShouldBeServed();
        OpenFiles.CountOf(file).ShouldBe(1);
    }

    private static void Refused(RawClient client, byte[] payload)
    {
        RawMessage answer = client.Call(Commands.Version, payload);
        (answer.Flags, answer.Error, answer.Size).ShouldBe((RawPeer.Reply | RawPeer.ErrorFlag, Errno.EINVAL, 16u), Encoding.UTF8.GetString(payload));
        client.ShouldEnd();
    }
}
