using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using VfioSharp.Lab.Tests.Booting;

namespace VfioSharp.Lab.Tests;

public sealed class QmpClientTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qmp").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Replies_find_their_commands_and_events_wait_to_be_asked_for()
    {
        (QmpClient client, StreamReader from, Stream to) = await ConnectAsync();
        await using QmpClient _ = client;

        Task removal = client.RemoveDeviceAsync("disk", Stop);
        JsonNode request = JsonNode.Parse((await from.ReadLineAsync(Stop))!)!;
        request["execute"]!.GetValue<string>().ShouldBe("device_del");
        request["arguments"]!.ToJsonString().ShouldBe("""{"id":"disk"}""");
        await SendAsync(to, """{"event":"OTHER"}""");
        await SendAsync(to, """{"event":"DEVICE_DELETED","data":{"device":"disk"}}""");
        await SendAsync(to, $$"""{"return":{},"id":{{request["id"]!.ToJsonString()}}}""");

        await removal;
        (await client.WaitForEventAsync("DEVICE_DELETED", Stop)).GetProperty("device").GetString().ShouldBe("disk");
    }

    [Fact]
    public async Task A_refusal_is_an_exception_and_so_is_the_end()
    {
        (QmpClient client, StreamReader from, Stream to) = await ConnectAsync();
        await using QmpClient _ = client;

        Task refused = client.ExecuteAsync("nonsense", stop: Stop);
        JsonNode request = JsonNode.Parse((await from.ReadLineAsync(Stop))!)!;
        await SendAsync(to, $$"""{"error":{"class":"CommandNotFound","desc":"no such command"},"id":{{request["id"]!.ToJsonString()}}}""");
        (await Should.ThrowAsync<QmpException>(refused)).Message.ShouldBe("no such command");

        Task unanswered = client.ExecuteAsync("query-status", stop: Stop);
        await from.ReadLineAsync(Stop);
        await to.DisposeAsync();
        (await Should.ThrowAsync<QmpException>(unanswered)).Message.ShouldBe("QEMU hung up");
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static async Task SendAsync(Stream stream, string line) => await stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), Stop);

    private async Task<(QmpClient Client, StreamReader From, Stream To)> ConnectAsync()
    {
        string path = Path.Combine(folder, "control");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var emulator = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await emulator.ConnectAsync(new UnixDomainSocketEndPoint(path), Stop);
        var stream = new NetworkStream(emulator, ownsSocket: true);
        var reader = new StreamReader(stream);

        await SendAsync(stream, """{"QMP":{"version":{}}}""");
        Task<QmpClient> opening = QmpClient.OpenAsync(await listener.AcceptAsync(Stop), Stop);
        JsonNode greeting = JsonNode.Parse((await reader.ReadLineAsync(Stop))!)!;
        greeting["execute"]!.GetValue<string>().ShouldBe("qmp_capabilities");
        await SendAsync(stream, $$"""{"return":{},"id":{{greeting["id"]!.ToJsonString()}}}""");
        return (await opening, reader, stream);
    }
}
