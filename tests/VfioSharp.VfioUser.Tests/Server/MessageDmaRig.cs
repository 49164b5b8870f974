using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>A function whose client has shown memory without a descriptor, and answers for it itself: on the one socket, or on one of its own.</summary>
internal sealed class MessageDmaRig : IAsyncDisposable
{
    public const ulong At = 0x7000_0000;
    public const int Length = 1 << 20;

    private readonly ServerRig rig;
    private readonly RawPeer? twin;

    public MessageDmaRig(bool isTwin, ServingMode mode = ServingMode.Shared, VfioUserLimits? limits = null, int maxTransfer = 1 << 20)
    {
        rig = new ServerRig(options: new VfioUserServerOptions { Mode = mode, Limits = limits ?? VfioUserLimits.Default });
        Client = rig.Connect();
        string socket = isTwin ? ",\"twin_socket\":{\"supported\":true}" : "";
        RawMessage answer = Client.Greet("{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":" + maxTransfer + socket + "}}");
        twin = isTwin ? new RawPeer(new UnixSocket(answer.Files.ShouldHaveSingleItem())) : null;
        Client.PowerOn();
        Client.Do(Commands.DmaMap, Payloads.DmaMap(At, Length));
    }

    public RawClient Client { get; }

    /// <summary>Where the server's own commands come.</summary>
    public RawPeer Commanded => twin ?? Client;

    public ServerRig Rig => rig;

    public Task<bool> ReadAsync(ulong offset, byte[] destination) => Task.Run(() => rig.Model.SystemMemory.TryRead(new Iova(At + offset), destination));

    public Task<bool> WriteAsync(ulong offset, byte[] source) => Task.Run(() => rig.Model.SystemMemory.TryWrite(new Iova(At + offset), source));

    /// <summary>Takes a command of the server's, which is exactly this.</summary>
    public ushort Take(ushort command, ulong offset, int count, byte[]? data = null)
    {
        RawMessage message = Commanded.Receive();
        message.Bytes.ShouldBe(RawPeer.Message(message.Id, command, Payloads.Memory(At + offset, (ulong)count, data ?? [])));
        return message.Id;
    }

    public void Reply(ushort id, ushort command, byte[] payload, uint flags = RawPeer.Reply, Errno error = Errno.None) =>
        Commanded.Send(RawPeer.Message(id, command, payload, flags, (uint)error));

    /// <summary>Answers a read of the server's with bytes that tell where they are from.</summary>
    public void ServeRead(ulong offset, int count)
    {
        ushort id = Take(Commands.DmaRead, offset, count);
        Reply(id, Commands.DmaRead, Payloads.Memory(At + offset, (ulong)count, Pattern(offset, count)));
    }

    public void ServeWrite(ulong offset, byte[] data)
    {
        ushort id = Take(Commands.DmaWrite, offset, data.Length, data);
        Reply(id, Commands.DmaWrite, Payloads.Memory(At + offset, (ulong)data.Length));
    }

    public static byte[] Pattern(ulong offset, int count) => [.. Enumerable.Range((int)offset, count).Select(at => (byte)(at * 7))];

    public async ValueTask DisposeAsync()
    {
        twin?.Dispose();
        await rig.DisposeAsync();
    }
}
