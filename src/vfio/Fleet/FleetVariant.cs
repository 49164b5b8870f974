using System.Collections.Immutable;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Cli.Fleet;

/// <summary>Hosts of the same hardware that are judged alike, for the same reason, on the same kernel.</summary>
/// <param name="Kernel">Its release.</param>
/// <param name="Platform">What they signal through.</param>
/// <param name="Verdict">The verdict on each of them.</param>
/// <param name="Reason">The evidence that decided of the worst function; null where all is isolated.</param>
/// <param name="Advice">What would isolate them; null where all is isolated.</param>
/// <param name="Hosts">Those hosts, by name.</param>
internal sealed record FleetVariant(
    string Kernel, string Platform, IsolationVerdict Verdict, string? Reason, string? Advice, ImmutableArray<FleetHost> Hosts)
{
    /// <summary>Sorts hosts into variants, the largest first.</summary>
    public static ImmutableArray<FleetVariant> Of(IEnumerable<FleetHost> hosts) =>
    [
        .. hosts.GroupBy(host => (Kernel: host.Kernel ?? "unknown", host.Platform, host.Verdict, Worst: WorstOf(host)?.Reason))
            .Select(same => new FleetVariant(same.Key.Kernel, same.Key.Platform, same.Key.Verdict, same.Key.Worst, WorstOf(same.First())?.Advice, [.. same]))
            .OrderByDescending(variant => variant.Hosts.Length).ThenBy(variant => variant.Kernel, StringComparer.Ordinal)
            .ThenBy(variant => variant.Hosts[0].Name, StringComparer.Ordinal),
    ];

    private static FleetFunction? WorstOf(FleetHost host) =>
        host.Verdict == IsolationVerdict.Isolated ? null : host.Functions.FirstOrDefault(function => function.Verdict == host.Verdict);
}
