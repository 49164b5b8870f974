using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.DeviceTree;
using VfioSharp.Pci.Naming;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Pci.Evidence;

/// <summary>
/// Everything the audit knows of a host. Read from a <see cref="HostTree"/>, and written to one again: what is written is what was read
/// and nothing else, so a snapshot holds no secret that the audit did not need and is judged exactly as the host was.
/// </summary>
public sealed class HostEvidence
{
    private const uint UsualPageSize = 4096;
    private const int UnprivilegedConfiguration = 64; // pci_read_config(), drivers/pci/pci-sysfs.c

    private HostEvidence(HostTree tree)
    {
        var source = new EvidenceSource(tree);
        SnapshotManifest manifest = SnapshotManifest.Read(tree);
        KernelRelease = source.ReadText("proc/sys/kernel/osrelease") ?? source.ReadText("proc/version")?.Split(' ') switch
        {
            ["Linux", "version", var word, ..] => word,
            _ => null,
        };
        Kernel = KernelVersion.Parse(KernelRelease);
        Architecture = HostArchitecture.Read(source, manifest, KernelRelease);
        Family = HostArchitecture.FamilyOf(Architecture);
        PageSize = manifest.PageSize is { } size && int.IsPow2(size) ? (uint)size : UsualPageSize;
        PageSizeIsAssumed = manifest.PageSize is null;
        CommandLine = KernelCommandLine.Parse(source.ReadText(KernelCommandLine.Path));
        Log = KernelLog.Read(source.Read(KernelLog.Path));

        Functions = [.. source.List(FunctionEvidence.Folder).Where(IsFunctionName).Select(name => FunctionEvidence.Read(source, name)).OfType<FunctionEvidence>()
            .OrderBy(function => function.Address)];
        IommuUnits = source.List(IommuUnitEvidence.Folder).Select(name => IommuUnitEvidence.Read(source, name, Functions))
            .ToImmutableSortedDictionary(unit => unit.Name, unit => unit, StringComparer.Ordinal);
        Functions = IommuUnitEvidence.Assign(source, IommuUnits.Keys, Functions);
        HostBridges = [.. HostBridgeEvidence.ReadAll(tree, Functions)];
        Privileged = manifest.Privileged ?? Functions.Any(f => f.ConfigurationImage.Length > UnprivilegedConfiguration);
        Interrupts = InterruptTable.Read(source, Functions);
        Groups = Functions.Select(f => f.IommuGroup).OfType<int>().Distinct().Select(number => IommuGroupEvidence.Read(source, number))
            .ToImmutableSortedDictionary(group => group.Number, group => group);
        Firmware = FirmwareTables.Read(source);
        DeviceTree = DeviceTreeEvidence.Read(tree, [.. HostBridges.Select(bridge => bridge.DeviceTreeNode).OfType<string>()]);
        Vfio = VfioModules.Read(source, CommandLine);
        MsiDomains = MsiDomainEvidence.ReadAll(source).DistinctBy(domain => domain.Function)
            .ToImmutableSortedDictionary(domain => domain.Function, domain => domain);
        Names = HostNames.Read(source, Functions);
        Unreadable = [.. source.Denied];
    }

    /// <summary>The machine's architecture as <c>uname -m</c> prints it, or null where nothing tells.</summary>
    public string? Architecture { get; }

    /// <summary>The architecture as far as interrupts care.</summary>
    public ArchitectureFamily Family { get; }

    /// <summary>The kernel's release, or null.</summary>
    public string? KernelRelease { get; }

    /// <summary>The release's first two numbers, or null.</summary>
    public KernelVersion? Kernel { get; }

    /// <summary>The kernel's page size in bytes: a power of two.</summary>
    public uint PageSize { get; }

    /// <summary>Whether nobody recorded the page size and 4096 stands in for it.</summary>
    public bool PageSizeIsAssumed { get; }

    /// <summary>Whether the evidence was read with the privilege to see all of it.</summary>
    public bool Privileged { get; }

    /// <summary>The kernel's boot parameters that bear on isolation.</summary>
    public KernelCommandLine CommandLine { get; }

    /// <summary>What the kernel logged of interrupts and IOMMUs.</summary>
    public KernelLog Log { get; }

    /// <summary>Which chip delivers which interrupt.</summary>
    public InterruptTable Interrupts { get; }

    /// <summary>The PCI functions, by address.</summary>
    public ImmutableArray<FunctionEvidence> Functions { get; }

    /// <summary>The host bridges above them.</summary>
    public ImmutableArray<HostBridgeEvidence> HostBridges { get; }

    /// <summary>The IOMMU groups they are in, by number.</summary>
    public ImmutableSortedDictionary<int, IommuGroupEvidence> Groups { get; }

    /// <summary>The IOMMUs, by name.</summary>
    public ImmutableSortedDictionary<string, IommuUnitEvidence> IommuUnits { get; }

    /// <summary>ACPI tables.</summary>
    public FirmwareTables Firmware { get; }

    /// <summary>The device tree's nodes of interest.</summary>
    internal DeviceTreeEvidence DeviceTree { get; }

    /// <summary>VFIO's overrides.</summary>
    public VfioModules Vfio { get; }

    /// <summary>The kernel's own flag for the interrupt domains of functions, where debugfs shows it.</summary>
    public ImmutableSortedDictionary<PciAddress, MsiDomainEvidence> MsiDomains { get; }

    /// <summary>The names of the functions' vendors and devices, from the host's pci.ids.</summary>
    public PciIds Names { get; }

    /// <summary>What was there but could not be read for lack of privilege, by path.</summary>
    public ImmutableArray<string> Unreadable { get; }

    /// <summary>The function at an address, or null.</summary>
    internal FunctionEvidence? FunctionAt(PciAddress address)
    {
        int low = 0;
        for (int high = Functions.Length; low < high;)
        {
            int middle = (low + high) / 2;
            if (Functions[middle].Address < address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < Functions.Length && Functions[low].Address == address ? Functions[low] : null;
    }

    /// <summary>Whether the kernel is <paramref name="major"/>.<paramref name="minor"/> or later; a kernel that does not tell is taken for a new one.</summary>
    public bool KernelIsAtLeast(int major, int minor) => Kernel?.IsAtLeast(major, minor) ?? true;

    /// <summary>Reads a host's evidence. Never throws for what the host shows or lacks.</summary>
    public static HostEvidence Read(HostTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        return new HostEvidence(tree);
    }

    /// <summary>Writes the evidence as a host's tree: the same files, holding what was read of them.</summary>
    public void WriteTo(MemoryTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        tree.AddFile(SnapshotManifest.FileName, new SnapshotManifest
        {
            PageSize = PageSizeIsAssumed ? null : (int)PageSize,
            Architecture = Architecture,
            Privileged = Privileged,
            Unreadable = Unreadable,
        }.ToJson());

        tree.AddFolder(FunctionEvidence.Folder);
        tree.AddFile(KernelCommandLine.Path, CommandLine + "\n");
        if (KernelRelease is not null)
        {
            tree.AddFile("proc/sys/kernel/osrelease", KernelRelease + "\n");
        }

        Log.WriteTo(tree);
        Interrupts.WriteTo(tree);
        foreach (HostBridgeEvidence bridge in HostBridges)
        {
            bridge.WriteTo(tree);
        }

        foreach (FunctionEvidence function in Functions)
        {
            function.WriteTo(tree);
        }

        ILookup<int?, FunctionEvidence> members = Functions.ToLookup(function => function.IommuGroup);
        foreach (IommuGroupEvidence group in Groups.Values)
        {
            group.WriteTo(tree, members[group.Number]);
        }

        foreach (IommuUnitEvidence unit in IommuUnits.Values)
        {
            unit.WriteTo(tree);
        }

        Firmware.WriteTo(tree);
        DeviceTree.WriteTo(tree);
        Vfio.WriteTo(tree);
        foreach (MsiDomainEvidence domain in MsiDomains.Values)
        {
            domain.WriteTo(tree);
        }

        HostNames.WriteTo(tree, Names);

        foreach (string path in Unreadable)
        {
            tree.AddFile(WithoutFunctionLink(tree, path), HostFile.Denied);
        }
    }

    // The kernel spells an address in one way (pci_setup_device(), drivers/pci/probe.c); another spelling would be the same function twice.
    private static bool IsFunctionName(string name) => PciAddress.TryParse(name, out PciAddress address) && address.ToString() == name;

    // A function's files lie where the link with its name points; a file below that name would take the link's place.
    private static string WithoutFunctionLink(MemoryTree tree, string path)
    {
        int end = path.StartsWith(FunctionEvidence.Folder + "/", StringComparison.Ordinal) ? path.IndexOf('/', FunctionEvidence.Folder.Length + 1) : -1;
        return end > 0 && tree.ResolveLink(path[..end]) is { } folder ? folder + path[end..] : path;
    }
}
