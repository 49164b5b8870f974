using Microsoft.Extensions.Logging;
using VfioSharp.Cli.Serving;
using VfioSharp.VfioUser;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Topology;
using Host = VfioSharp.VirtualHost.VirtualHost;

namespace VfioSharp.Cli.Hosting;

/// <summary>The functions of a virtual host that vfio-pci holds, each at a socket that its address names.</summary>
internal sealed class HostServers : IAsyncDisposable
{
    private readonly List<(VfioUserServer Server, EndpointFunction Function)> served = [];

    /// <summary>Listens.</summary>
    /// <param name="host">The host.</param>
    /// <param name="folder">Where; made where it is not there.</param>
    /// <param name="options">How to serve.</param>
    /// <param name="log">Takes what is to be known of them.</param>
    /// <exception cref="IOException">A socket cannot be made.</exception>
    public HostServers(Host host, string folder, VfioUserServerOptions options, LineLogger log)
    {
        Directory.CreateDirectory(folder);
        foreach (EndpointFunction function in host.Functions.OfType<EndpointFunction>().Where(function => function.Driver == FunctionDriver.VfioPci))
        {
            served.Add((VfioUserServer.Listen(Path.Combine(folder, $"{function.Address}.sock"), options), function));
            function.Model.Faulted += (_, fault) => log.Write(LogLevel.Error, $"{function.Address}: {fault.Operation}: {fault.Exception}");
            if (host.Judge(function) is { IsIsolating: false, Reason: var reason } && !host.Options.AllowsUnsafeInterrupts)
            {
                log.Write(LogLevel.Warning, $"{function.Address}: clients may be refused: {reason}; --allow-unsafe-interrupts overlooks it");
            }
        }
    }

    /// <summary>Serves until it is told to stop.</summary>
    public Task ServeAsync(Action<EndpointFunction, string> ready, CancellationToken stop)
    {
        Task[] serving = [.. served.Select(each => each.Server.ServeAsync(each.Function.Model, stop))];
        served.ForEach(each => ready(each.Function, each.Server.Path));
        return Task.WhenAll(serving);
    }

    /// <summary>Lets go of all clients and removes the sockets.</summary>
    public async ValueTask DisposeAsync() => await Task.WhenAll(served.Select(each => each.Server.DisposeAsync().AsTask())).ConfigureAwait(false);
}
