using Microsoft.Extensions.Logging;
using VfioSharp.Devices.Emulation;
using VfioSharp.VfioUser;

namespace VfioSharp.Cli.Serving;

/// <summary>Functions and their sockets, served and let go of together.</summary>
/// <param name="log">Takes what functions do wrong.</param>
internal sealed class ServedFunctions(LineLogger log) : IAsyncDisposable
{
    private readonly List<(VfioUserServer Server, EmulatedFunction Function)> served = [];

    /// <summary>Their servers, in the order in which they came.</summary>
    public IEnumerable<VfioUserServer> Servers => served.Select(each => each.Server);

    /// <summary>Adds a function.</summary>
    /// <param name="name">How the log names it.</param>
    /// <param name="server">Listens for its clients; let go of with the others.</param>
    /// <param name="function">The function.</param>
    public void Add(string name, VfioUserServer server, EmulatedFunction function)
    {
        function.Faulted += (_, fault) => log.Write(LogLevel.Error, $"{name}: {fault.Operation}: {fault.Exception}");
        served.Add((server, function));
    }

    /// <summary>Serves until it is told to stop.</summary>
    /// <param name="started">Is told when clients of all of them are served.</param>
    /// <param name="stop">Tells it.</param>
    public Task ServeAsync(Action started, CancellationToken stop)
    {
        Task[] serving = [.. served.Select(each => each.Server.ServeAsync(each.Function, stop))];
        started();
        return Task.WhenAll(serving);
    }

    /// <summary>Lets go of all clients and removes the sockets, then ends the functions that have something to end.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Servers.Select(server => server.DisposeAsync().AsTask())).ConfigureAwait(false);
        await Task.WhenAll(served.Select(each => each.Function).OfType<IAsyncDisposable>().Select(function => function.DisposeAsync().AsTask())).ConfigureAwait(false);
    }
}
