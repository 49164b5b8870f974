using VfioSharp.Linux.Binding.Use;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Binding;

/// <summary>A host at one moment, as far as binding needs it.</summary>
internal sealed class BindingEvidence
{
    public const string VfioPci = "vfio-pci";

    private const string NoIommuMode = "sys/module/vfio/parameters/enable_unsafe_noiommu_mode";

    private readonly HostTree tree;
    private readonly Lazy<VfioHolders> holders;
    private readonly Lazy<FunctionUses> uses;
    private readonly Dictionary<PciAddress, FunctionEvidence> functions;

    public BindingEvidence(HostTree tree, Func<string, bool>? isClaimed = null)
    {
        this.tree = tree;
        Host = HostEvidence.Read(tree);
        functions = Host.Functions.ToDictionary(function => function.Address);
        holders = new Lazy<VfioHolders>(() => new VfioHolders(tree));
        uses = new Lazy<FunctionUses>(() => new FunctionUses(tree, Host, isClaimed));
    }

    public HostEvidence Host { get; }

    /// <summary>Whether vfio-pci is in the running kernel.</summary>
    public bool HasVfioPci => HasDriver(VfioPci);

    /// <summary>Whether VFIO takes functions without an IOMMU.</summary>
    public bool AllowsNoIommu => tree.Read(NoIommuMode).Text == "Y";

    public FunctionEvidence? Find(PciAddress address) => functions.GetValueOrDefault(address);

    public Assignability AssignabilityOf(FunctionEvidence function) => HostAudit.Of(Host, [function.Address]).Functions[0].Assignability;

    /// <summary>What <c>driver_override</c> holds, or null: the kernel prints a null pointer as <c>(null)</c>.</summary>
    public string? OverrideOf(PciAddress address) => OverrideOf(tree, address);

    public bool HasDriver(string name) => tree.List(BindingStep.Drivers).Contains(name);

    public BindingRecord? RecordOf(FunctionEvidence function) => BindingRecord.Read(tree, function);

    public bool HasRecordFile(PciAddress address) => tree.Read(BindingRecord.PathOf(address)).State != HostFileState.Absent;

    public IEnumerable<VfioHolder> HoldersOf(FunctionEvidence function) => holders.Value.Of(function);

    public IEnumerable<string> NodesOf(FunctionEvidence function) => VfioHolders.NodesOf(tree, function);

    public IEnumerable<FunctionUse> UsesOf(FunctionEvidence function) => uses.Value.Of(function);

    public bool IsIommu(FunctionEvidence function) => uses.Value.IsIommu(function);

    /// <summary>Whether a driver is vfio-pci or one of its variants for one vendor's functions.</summary>
    public static bool IsVfioPci(string? driver) => driver?.Replace('_', '-').EndsWith(VfioPci, StringComparison.Ordinal) == true;

    public static string? OverrideOf(HostTree tree, PciAddress address) =>
        tree.Read($"{BindingStep.Devices}/{address}/driver_override").Text is { Length: > 0 } text && text != "(null)" ? text : null;

    public static string? DriverOf(HostTree tree, PciAddress address) => tree.ReadLinkName($"{BindingStep.Devices}/{address}/driver");
}
