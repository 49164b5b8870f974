using VfioSharp.Devices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Samples;
using VfioSharp.Tests.Transcripts;

namespace VfioSharp.VfioUser.Tests.Transcripts;

/// <summary>What QEMU's client said in the lab, said to a server again (<c>Data/transcripts</c>).</summary>
public sealed class ReplayTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("vfiosharp").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("tally", ServingMode.Shared)]
    [InlineData("tally", ServingMode.Dedicated)]
    [InlineData("endpoint-test", ServingMode.Shared)]
    [InlineData("endpoint-test", ServingMode.Dedicated)]
    [InlineData("shared-page", ServingMode.Shared)]
    [InlineData("shared-page", ServingMode.Dedicated)]
    public async Task A_server_answers_as_it_answered_QEMU(string name, ServingMode mode)
    {
        EmulatedFunction function = name switch
        {
            "tally" => new Tally(),
            "endpoint-test" => new EndpointTest(),
            _ => new SharedPage(),
        };
        await using VfioUserServer server = VfioUserServer.Listen(Path.Combine(folder, "socket"), new VfioUserServerOptions { Mode = mode });
        Task serving = server.ServeAsync(function, Stop);
        using var replay = new Replay(name);
        using (var peer = new RawPeer(server.Path))
            (await replay.RunAsync(peer, function)).ShouldBe(replay.Messages.Count(message => !message.IsFromClient));

        // Whoever comes next is served.
        await using PciFunction next = await VfioUserClient.ConnectAsync(server.Path, new VfioUserClientOptions { WaitForServer = TimeSpan.FromSeconds(30) }, Stop);
        next.Configuration.Read().VendorId.ShouldBe(function.Layout.Identity.VendorId);
        server.Statistics.Faults.ShouldBe(0);
        server.Statistics.Refusals.ShouldBe(replay.Messages.Count(message => message.Error != 0));
        server.Statistics.Messages.ShouldBeGreaterThan(replay.Messages.Count(message => message.IsFromClient) - 1);
        serving.IsCompleted.ShouldBeFalse();
    }

    [Theory]
    [InlineData("tally")]
    [InlineData("endpoint-test")]
    [InlineData("shared-page")]
    public void Each_message_is_written_down_as_it_is_read(string name)
    {
        string[] lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Data", "transcripts", $"{name}.txt"));
        lines.Select(line => TranscriptMessage.Parse(line).ToString()).ShouldBe(lines);
        lines[0].ShouldStartWith("> 0 1 0 ");
    }
}
