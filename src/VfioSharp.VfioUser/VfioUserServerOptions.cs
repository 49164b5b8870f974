using Microsoft.Extensions.Logging;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.VfioUser;

/// <summary>How a function is served.</summary>
public sealed record VfioUserServerOptions
{
    /// <summary>Who works for the client.</summary>
    public ServingMode Mode { get; init; }

    /// <summary>Who may connect: the permissions of the socket's file, less what the process's umask takes away. Its owner alone by default.</summary>
    public UnixFileMode SocketMode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>What a client may make this process hold.</summary>
    public VfioUserLimits Limits { get; init; } = VfioUserLimits.Default;

    /// <summary>
    /// The verdict that decides about the page of the MSI-X table. Isolated, unless the function signals through a host that is not: served by itself it
    /// cannot signal but through the eventfds that its client gave, whatever its table holds.
    /// </summary>
    public IsolationVerdict Isolation { get; init; } = IsolationVerdict.Isolated;

    /// <summary>What is wanted of the page that holds the MSI-X table.</summary>
    public MsixTableRule TableRule { get; init; } = MsixTableRule.RequireIsolation;

    /// <summary>
    /// Touch the client's memory directly although it could be taken away, which would end the process: huge pages, files that cannot be sealed, such as
    /// those of DPDK without huge pages. By default the kernel touches such memory, a system call an access.
    /// </summary>
    public bool TrustPeerMemory { get; init; }

    /// <summary>Is given a line for each message, decoded. Called on the threads that serve; slow.</summary>
    public Action<string>? Trace { get; init; }

    /// <summary>Takes a line for each client that comes and goes, and for what it did wrong.</summary>
    public ILogger? Logger { get; init; }

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal void Check()
    {
        ArgumentNullException.ThrowIfNull(Limits);
        Limits.Check();
        if (!Enum.IsDefined(Mode) || !Enum.IsDefined(Isolation) || !Enum.IsDefined(TableRule))
        {
            throw new ArgumentException("a mode, verdict or rule is none that there is");
        }
    }
}
