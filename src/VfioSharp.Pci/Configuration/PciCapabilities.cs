using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Pci.Configuration;

/// <summary>
/// A function's capabilities: both lists, those decoded that matter to interrupts, isolation and reset, and what is odd about them.
/// What could not be read is missing, without a finding where it takes privilege to read (<see cref="ConfigurationSpace.HoldsCapabilities"/>).
/// </summary>
public sealed class PciCapabilities
{
    private readonly List<ConfigurationFinding> findings;

    private PciCapabilities(ConfigurationSpace configuration, CapabilityWalk walk)
    {
        findings = walk.Findings;
        All = [.. walk.Found];
        foreach (PciCapability capability in All)
        {
            if (capability.Length is { } length && !configuration.Contains(capability.Offset, length))
            {
                Note(capability, $"takes {length} bytes, beyond the {configuration.Length} that could be read");
            }
        }

        Msi = Decode(configuration, Find(CapabilityId.Msi), MsiCapability.Read);
        Msix = Decode(configuration, Find(CapabilityId.Msix), MsixCapability.Read);
        PciExpress = Decode(configuration, Find(CapabilityId.PciExpress), PciExpressCapability.Read);
        PowerManagement = Decode(configuration, Find(CapabilityId.PowerManagement), PowerManagementCapability.Read);
        Acs = Decode(configuration, Find(ExtendedCapabilityId.AccessControlServices), AcsCapability.Read);
        Ari = Decode(configuration, Find(ExtendedCapabilityId.AlternativeRoutingId), AriCapability.Read);
        SrIov = Decode(configuration, Find(ExtendedCapabilityId.SrIov), SrIovCapability.Read);
        NoteReservedVectorCounts();
        Findings = [.. findings];
    }

    /// <summary>Every entry, the standard list's first, each in the order of its list.</summary>
    public ImmutableArray<PciCapability> All { get; }

    /// <summary>What is odd about the lists and about the decoded capabilities.</summary>
    public ImmutableArray<ConfigurationFinding> Findings { get; }

    /// <summary>The MSI capability, or null.</summary>
    public MsiCapability? Msi { get; }

    /// <summary>The MSI-X capability, or null.</summary>
    public MsixCapability? Msix { get; }

    /// <summary>The PCI Express capability; null in a conventional function.</summary>
    public PciExpressCapability? PciExpress { get; }

    /// <summary>The Power Management capability, or null.</summary>
    public PowerManagementCapability? PowerManagement { get; }

    /// <summary>The Access Control Services capability, or null.</summary>
    public AcsCapability? Acs { get; }

    /// <summary>The Alternative Routing-ID Interpretation capability, or null.</summary>
    public AriCapability? Ari { get; }

    /// <summary>The SR-IOV capability; null in all but physical functions.</summary>
    public SrIovCapability? SrIov { get; }

    /// <summary>Walks and decodes what <paramref name="configuration"/> holds. Never throws at what it finds there.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="configuration"/> is null.</exception>
    public static PciCapabilities Read(ConfigurationSpace configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var walk = new CapabilityWalk(configuration);
        walk.Standard();
        walk.Extended();
        return new PciCapabilities(configuration, walk);
    }

    /// <summary>The first entry of that ID in the standard list, or null.</summary>
    public PciCapability? Find(CapabilityId id) => Find((ushort)id, false);

    /// <summary>The first entry of that ID in the extended list, or null.</summary>
    public PciCapability? Find(ExtendedCapabilityId id) => Find((ushort)id, true);

    private PciCapability? Find(ushort id, bool isExtended)
    {
        foreach (PciCapability capability in All)
        {
            if (capability.RawId == id && capability.IsExtended == isExtended)
            {
                return capability;
            }
        }

        return null;
    }

    private T? Decode<T>(ConfigurationSpace configuration, PciCapability? capability, Func<ConfigurationSpace, int, T?> read)
        where T : struct
    {
        if (capability is not { } first)
        {
            return null;
        }

        foreach (PciCapability other in All)
        {
            if (other.RawId == first.RawId && other.IsExtended == first.IsExtended && other.Offset != first.Offset)
            {
                Note(other, $"stands in the list again; the one at 0x{first.Offset:x} counts");
            }
        }

        T? decoded = read(configuration, first.Offset);
        if (decoded is null && first.Length is null)
        {
            Note(first, $"ends beyond the {configuration.Length} bytes that could be read");
        }

        return decoded;
    }

    private void NoteReservedVectorCounts()
    {
        if (Msi is { VectorsCapable: 0 } or { VectorsEnabled: 0 })
        {
            findings.Add(new ConfigurationFinding(Msi.Value.Offset + 2, "MSI: a reserved number of vectors: PCIe 7.7.1"));
        }
    }

    private void Note(PciCapability capability, FormattableString text) =>
        findings.Add(new ConfigurationFinding(capability.Offset, $"{capability.Name}: {text.ToString(CultureInfo.InvariantCulture)}"));
}
