using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Attacks;

/// <summary>
/// Lets every function of a host try to raise the interrupts of all others: by every form in which the platform knows a message, by guesses, and, where
/// nothing confines its DMA, by way of the host's own tables. What gets through is an interrupt that was really raised.
/// </summary>
/// <remarks>
/// That nothing gets through proves nothing by itself; on hosts that do not isolate the search has to find a way, which it does
/// (tests/VfioSharp.VirtualHost.Tests). Functions keep the messages and the drivers that they had.
/// </remarks>
public static class InterruptAttack
{
    /// <summary>Attacks.</summary>
    /// <param name="host">The host. Its functions should not be in use meanwhile: interrupts arrive that nobody sent.</param>
    /// <param name="options">How far to go.</param>
    /// <param name="progress">Told of each function when it is done.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static AttackReport Run(VirtualHost host, AttackOptions? options = null, IProgress<FunctionAttack>? progress = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        options ??= new AttackOptions();
        var functions = new List<FunctionAttack>();
        foreach (EndpointFunction function in host.Functions.OfType<EndpointFunction>())
        {
            stop.ThrowIfCancellationRequested();
            FunctionAttack attack = new Attacker(host, function, options).Run(stop);
            functions.Add(attack);
            progress?.Report(attack);
        }

        return new AttackReport([.. functions]);
    }
}
