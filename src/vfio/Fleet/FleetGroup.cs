using System.Collections.Immutable;

namespace VfioSharp.Cli.Fleet;

/// <summary>Hosts of the same hardware: an architecture and the same functions, whatever their addresses, drivers and verdicts.</summary>
/// <param name="Architecture">As <c>uname -m</c> prints it.</param>
/// <param name="Hosts">Those hosts, by name.</param>
/// <param name="Variants">The same, apart by kernel, verdict and reason; the largest first.</param>
internal sealed record FleetGroup(string Architecture, ImmutableArray<FleetHost> Hosts, ImmutableArray<FleetVariant> Variants)
{
    /// <summary>Sorts hosts into groups, the largest first.</summary>
    public static ImmutableArray<FleetGroup> Of(IEnumerable<FleetHost> hosts) =>
    [
        .. hosts.GroupBy(HardwareOf).Select(group => new FleetGroup(group.First().Architecture ?? "unknown", [.. group], FleetVariant.Of(group)))
            .OrderByDescending(group => group.Hosts.Length).ThenBy(group => group.Hosts[0].Name, StringComparer.Ordinal),
    ];

    /// <summary>What hosts of the same hardware have in common, as text.</summary>
    public static string HardwareOf(FleetHost host) =>
        $"{host.Architecture ?? "unknown"} {string.Join(' ', host.Functions.GroupBy(function => function.Id).OrderBy(same => same.Key, StringComparer.Ordinal).Select(same => $"{same.Key}x{same.Count()}"))}";
}
