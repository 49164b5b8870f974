using Microsoft.Extensions.Logging;
using VfioSharp.Cli.Output;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Mapping;
using VfioSharp.VfioUser;

namespace VfioSharp.Cli.Serving;

/// <summary>Functions of one kind, one at each socket: listening first, at all of them, then served.</summary>
/// <param name="functions">What to serve, in the order of the sockets; ended with their servers.</param>
/// <param name="options">How.</param>
/// <param name="log">Takes what functions do wrong.</param>
internal sealed class FunctionServers(IEnumerable<EmulatedFunction> functions, VfioUserServerOptions options, LineLogger log) : IAsyncDisposable
{
    private readonly ServedFunctions served = new(log);
    private readonly Queue<EmulatedFunction> waiting = new(functions);

    /// <summary>Where they are, with what was counted there until now.</summary>
    public IEnumerable<(string Socket, VfioUserStatistics Counts)> Statistics => served.Servers.Select(server => (server.Path, server.Statistics));

    /// <summary>Makes a socket for the next function.</summary>
    /// <param name="path">Where.</param>
    /// <param name="mode">Its permissions, whatever the umask; null for its owner's alone.</param>
    /// <exception cref="IOException">It cannot be made; the message says why.</exception>
    public void Listen(string path, UnixFileMode? mode)
    {
        Add(VfioUserServer.Listen(path, options));
        if (mode is { } exact)
        {
            File.SetUnixFileMode(path, exact);
        }
    }

    /// <summary>Takes over a socket that listens, for the next function.</summary>
    /// <param name="descriptor">Its number.</param>
    /// <exception cref="CliException">It is none.</exception>
    public void Take(int descriptor)
    {
        try
        {
            Add(VfioUserServer.FromDescriptor(descriptor, options));
        }
        catch (ArgumentException)
        {
            throw new CliException(ExitStatus.Usage, $"--fd {descriptor}: no UNIX stream socket that listens was passed to this process under that number");
        }
    }

    /// <summary>Serves until it is told to stop.</summary>
    /// <param name="ready">Is told of each socket, when clients of all of them are served.</param>
    /// <param name="stop">Tells it.</param>
    public Task ServeAsync(Action<string> ready, CancellationToken stop) => served.ServeAsync(
        () =>
        {
            foreach (VfioUserServer server in served.Servers)
            {
                foreach (MsixTableDecision decision in server.Decisions.Where(decision => decision.Question.Table is not null))
                {
                    log.Write(LogLevel.Information,
                        $"{server.Path}: the page of the MSI-X table is {AuditJson.Camel(decision.Access)} ({AuditJson.Camel(decision.Reason)}); 'vfio connect' explains");
                }
            }

            foreach (VfioUserServer server in served.Servers)
            {
                ready(server.Path);
            }
        },
        stop);

    /// <summary>Lets go of all clients and removes the sockets, then ends the functions.</summary>
    public async ValueTask DisposeAsync()
    {
        await served.DisposeAsync().ConfigureAwait(false);
        while (waiting.TryDequeue(out EmulatedFunction? function))
        {
            if (function is IAsyncDisposable unserved)
            {
                await unserved.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private void Add(VfioUserServer server) => served.Add(server.Path, server, waiting.Dequeue());
}
