using System.Runtime.InteropServices;
using VfioSharp.BenchServer;
using VfioSharp.VfioUser;

// "serve MODE SOCKET" serves one function, "serve-many COUNT FOLDER" as many, in the shared mode; "empty" does nothing, to compare with. All until SIGTERM.
// "client SOCKET MEASUREMENT" measures our client at such a socket.
if (args is ["client", var address, _, ..])
{
    return await ClientRun.RunAsync(address, args[2..]) ? 0 : 64;
}

using var stop = new CancellationTokenSource();
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
{
    context.Cancel = true;
    stop.Cancel();
});
string[] sockets;
var mode = ServingMode.Shared;
switch (args)
{
    case ["serve", var name, var socket] when Enum.TryParse(name, ignoreCase: true, out mode):
        sockets = [socket];
        break;
    case ["serve-many", var count, var folder]:
        sockets = [.. Enumerable.Range(0, int.Parse(count)).Select(number => Path.Combine(folder, $"{number}.sock"))];
        break;
    case ["empty"]:
        sockets = [];
        break;
    default:
        return 64;
}

var servers = new List<VfioUserServer>();
var serving = new List<Task>();
foreach (string socket in sockets)
{
    VfioUserServer server = VfioUserServer.Listen(socket, new VfioUserServerOptions { Mode = mode });
    servers.Add(server);
    serving.Add(server.ServeAsync(new BenchFunction(), stop.Token));
}

Console.WriteLine("ready");
await Task.Delay(Timeout.Infinite, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
await Task.WhenAll(serving);
foreach (VfioUserServer server in servers)
{
    await server.DisposeAsync();
}

return 0;
