using System.Collections.Immutable;

namespace VfioSharp.VirtualHost.Planning;

/// <summary>What is plugged into a virtual host: its host bridges and all that hangs below them. Fixed; checked when a host is made of it.</summary>
public sealed record HostPlan
{
    /// <summary>The host bridges, each with a root bus.</summary>
    public ImmutableArray<HostBridgePlan> HostBridges { get; init; } = [];

    /// <summary>Reads a plan from JSON, as docs/virtual-host.md describes it. What is read may still break a rule of hosts.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="FormatException">It is no plan; the message names the place and the rule.</exception>
    public static HostPlan Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return HostPlanReader.Read(json);
    }
}
