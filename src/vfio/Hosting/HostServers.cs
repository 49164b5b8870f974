using Microsoft.Extensions.Logging;
using VfioSharp.Cli.Serving;
using VfioSharp.Devices;
using VfioSharp.VfioUser;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Topology;
using Host = VfioSharp.VirtualHost.VirtualHost;

namespace VfioSharp.Cli.Hosting;

/// <summary>The functions of a virtual host that vfio-pci holds, each at a socket that its address names.</summary>
/// <param name="host">The host.</param>
/// <param name="options">How to serve.</param>
/// <param name="log">Takes what is to be known of them.</param>
internal sealed class HostServers(Host host, VfioUserServerOptions options, LineLogger log) : IAsyncDisposable
{
    private readonly ServedFunctions served = new(log);
    private EndpointFunction[] held = [];

    /// <summary>Listens for all of them.</summary>
    /// <param name="folder">Where; made where it is not there.</param>
    /// <exception cref="CliException">vfio-pci holds none.</exception>
    /// <exception cref="IOException">A socket cannot be made; those that were go when this is disposed.</exception>
    public void Listen(string folder)
    {
        held = [.. host.Functions.OfType<EndpointFunction>().Where(function => function.Driver == FunctionDriver.VfioPci)];
        if (held.Length == 0)
        {
            throw new CliException(ExitStatus.Usage, "there is nothing to serve: vfio-pci holds no function of this host");
        }

        Directory.CreateDirectory(folder);
        foreach (EndpointFunction function in held)
        {
            served.Add(function.Address.ToString(), VfioUserServer.Listen(Path.Combine(folder, $"{function.Address}.sock"), options), function.Model);
        }

        Array.ForEach(held, function => WarnOf(host, function, log));
    }

    /// <summary>Serves until it is told to stop.</summary>
    public Task ServeAsync(Action<EndpointFunction, string> ready, CancellationToken stop) => served.ServeAsync(
        () =>
        {
            foreach ((EndpointFunction function, VfioUserServer server) in held.Zip(served.Servers))
            {
                ready(function, server.Path);
            }
        },
        stop);

    /// <summary>Lets go of all clients and removes the sockets.</summary>
    public ValueTask DisposeAsync() => served.DisposeAsync();

    /// <summary>Tells the operator before what a client would be told.</summary>
    /// <param name="host">The host.</param>
    /// <param name="function">A function of it.</param>
    /// <param name="log">Takes the warning, where there is one.</param>
    public static void WarnOf(Host host, EndpointFunction function, LineLogger log)
    {
        try
        {
            host.CheckOpen(function.Address);
        }
        catch (PciException problem)
        {
            string remedy = problem is MsiIsolationException ? "; --allow-unsafe-interrupts overlooks it" : "";
            log.Write(LogLevel.Warning, $"{function.Address}: clients will be refused: {problem.Message}{remedy}");
        }
    }
}
