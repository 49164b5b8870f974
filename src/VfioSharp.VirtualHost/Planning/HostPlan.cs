using System.Collections.Immutable;

namespace VfioSharp.VirtualHost.Planning;

/// <summary>What is plugged into a virtual host: its host bridges and all that hangs below them. Fixed; checked when a host is made of it.</summary>
public sealed record HostPlan
{
    /// <summary>The host bridges, each with a root bus.</summary>
    public ImmutableArray<HostBridgePlan> HostBridges { get; init; } = [];
}
