using VfioSharp.Devices.Seam;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>An interrupt that the host gave to a vector of a function, and how often processors took it.</summary>
/// <param name="owner">The function.</param>
/// <param name="kind">MSI or MSI-X.</param>
/// <param name="vector">The vector.</param>
internal sealed class AssignedInterrupt(EndpointFunction owner, InterruptKind kind, int vector)
{
    private long count;

    public EndpointFunction Owner => owner;

    public int Vector => vector;

    /// <summary>How often processors took it, whoever raised it.</summary>
    public long Count => Volatile.Read(ref count);

    /// <summary>A processor takes it.</summary>
    public void Take()
    {
        Interlocked.Increment(ref count);
        owner.Arrive(kind, vector);
    }
}
