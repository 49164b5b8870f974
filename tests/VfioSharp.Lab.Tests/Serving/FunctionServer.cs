using VfioSharp.Devices.Emulation;
using VfioSharp.VfioUser;

namespace VfioSharp.Lab.Tests.Serving;

/// <summary>Functions served by this process, each at a socket of its name in a folder of their own.</summary>
internal sealed class FunctionServer : IAsyncDisposable
{
    // A socket's path is short by law (sun_path, 108 bytes).
    private readonly string folder = Directory.CreateTempSubdirectory("lab").FullName;
    private readonly Dictionary<string, VfioUserServer> servers = [];

    public string Folder => folder;

    public VfioUserServer this[string name] => servers[name];

    public VfioUserServer Serve(string name, EmulatedFunction function, VfioUserServerOptions? options = null)
    {
        VfioUserServer server = VfioUserServer.Listen(Path.Combine(folder, name), options);
        servers.Add(name, server);
        _ = server.ServeAsync(function);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (VfioUserServer server in servers.Values)
            await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
