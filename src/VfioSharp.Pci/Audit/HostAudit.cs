using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Audit;

/// <summary>The audit of a host: every function with its verdict, its table and the decision about the table's page.</summary>
public sealed class HostAudit
{
    private readonly MsixTableRule rule;
    private readonly Dictionary<uint, FunctionAuditor> auditors = [];

    private HostAudit(HostEvidence host, PciTopology topology, uint pageSize, MsixTableRule rule, ImmutableArray<FunctionAudit> functions)
    {
        this.rule = rule;
        Host = host;
        Topology = topology;
        PageSize = pageSize;
        Functions = functions;
    }

    /// <summary>The evidence.</summary>
    public HostEvidence Host { get; }

    /// <summary>The topology, with the bus flags.</summary>
    public PciTopology Topology { get; }

    /// <summary>The page size that the decisions were made for, in bytes.</summary>
    public uint PageSize { get; }

    /// <summary>The functions that were asked about, by address.</summary>
    public ImmutableArray<FunctionAudit> Functions { get; }

    /// <summary>Audits a host.</summary>
    /// <param name="host">The evidence.</param>
    /// <param name="addresses">The functions to audit, each of which the host must have; null or empty for all.</param>
    /// <param name="pageSize">The page size to decide for, in bytes, a power of two; null for the host's own.</param>
    /// <param name="rule">The caller's rule about the table's page.</param>
    /// <exception cref="ArgumentException">The host has no function at one of <paramref name="addresses"/>.</exception>
    public static HostAudit Of(
        HostEvidence host, IReadOnlyCollection<PciAddress>? addresses = null, uint? pageSize = null, MsixTableRule rule = MsixTableRule.RequireIsolation)
    {
        ArgumentNullException.ThrowIfNull(host);
        PciTopology topology = PciTopology.Build(host);
        var auditor = new FunctionAuditor(host, topology, pageSize ?? host.PageSize, rule);
        IEnumerable<PciAddress> wanted = addresses is { Count: > 0 } ? addresses.Distinct().Order() : host.Functions.Select(function => function.Address);
        return new HostAudit(host, topology, pageSize ?? host.PageSize, rule, [.. wanted.Select(address => auditor.Audit(
            topology.TryGetNode(address, out PciNode? node) ? node : throw new ArgumentException($"the host has no function at {address}", nameof(addresses))))]);
    }

    /// <summary>
    /// What is mapped and trapped of one of a function's BARs on pages of some size, by the rule and the verdict of this audit. A BAR without a
    /// table is mapped as far as the host's vfio-pci offers it.
    /// </summary>
    /// <param name="function">One of <see cref="Functions"/>.</param>
    /// <param name="bar">The BAR, 0 to 5.</param>
    /// <param name="pageSize">The page size to decide for, in bytes, a power of two.</param>
    /// <returns>The decision; null where nothing is to be mapped: no memory BAR, or one of unknown length.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bar"/> is not 0 to 5.</exception>
    /// <exception cref="ArgumentException"><paramref name="pageSize"/> is no power of two.</exception>
    public MsixTableDecision? Decide(FunctionAudit function, int bar, uint pageSize)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentOutOfRangeException.ThrowIfNegative(bar);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bar, BarResource.RomIndex);
        if (!uint.IsPow2(pageSize))
        {
            throw new ArgumentException($"a page size is a power of two, which {pageSize} is not", nameof(pageSize));
        }

        lock (auditors)
        {
            if (!auditors.TryGetValue(pageSize, out FunctionAuditor? auditor))
            {
                auditor = new FunctionAuditor(Host, Topology, pageSize, rule);
                auditors.Add(pageSize, auditor);
            }

            return auditor.Decide(function.Evidence, function.Bars, bar, function.Msix, function.Isolation);
        }
    }
}
