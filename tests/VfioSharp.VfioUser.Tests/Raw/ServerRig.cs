using VfioSharp.Devices.Emulation;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>A function served at a socket of its own, to be talked to in bytes.</summary>
internal sealed class ServerRig : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("vfiosharp").FullName;
    private readonly List<RawClient> clients = [];

    public ServerRig(FunctionLayout? layout = null, VfioUserServerOptions? options = null)
        : this(new TestModel(layout ?? Layouts.Whole), options)
    {
    }

    public ServerRig(TestModel model, VfioUserServerOptions? options = null)
    {
        Model = model;
        Server = VfioUserServer.Listen(System.IO.Path.Combine(folder, "socket"), (options ?? new VfioUserServerOptions()) with { Logger = Logger });
        Serving = Server.ServeAsync(Model, Stopping.Token);
    }

    public TestModel Model { get; }

    public VfioUserServer Server { get; }

    public Task Serving { get; }

    public CancellationTokenSource Stopping { get; } = new();

    public ListLogger Logger { get; } = new();

    public string Path => Server.Path;

    public string Log => string.Join('\n', Logger.Lines);

    /// <summary>Connects, and says nothing yet.</summary>
    public RawClient Connect()
    {
        RawClient client = RawClient.Connect(Path);
        clients.Add(client);
        return client;
    }

    /// <summary>Connects and is served.</summary>
    public RawClient Greeted(string? json = RawClient.UsualJson)
    {
        RawClient client = Connect();
        client.Greet(json).Dispose();
        return client;
    }

    /// <summary>The log says so, now or soon.</summary>
    public void ShouldLog(string text) => Patience.Until(() => Log.Contains(text, StringComparison.Ordinal), $"the log says nothing of \"{text}\"");

    public async ValueTask DisposeAsync()
    {
        clients.ForEach(client => client.Dispose());
        await Server.DisposeAsync().Soon();
        Stopping.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
