using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Evidence;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>What Linux shows of a platform, and in which words: chips, IOMMUs, its log, firmware's tables.</summary>
/// <param name="host">The host.</param>
internal abstract class PlatformEvidence(VirtualHost host)
{
    /// <summary>The machine, as <c>uname -m</c> prints it.</summary>
    public abstract string Architecture { get; }

    /// <summary>The kernel's parameters that make the host what it is.</summary>
    public virtual IEnumerable<string> Parameters => [];

    /// <summary>What the kernel logged of interrupts and IOMMUs.</summary>
    public virtual IEnumerable<string> Log => [];

    /// <summary>The type of the groups' default domains.</summary>
    public abstract string GroupType { get; }

    /// <summary>The lines of the groups' <c>reserved_regions</c>.</summary>
    public virtual ImmutableArray<string> ReservedRegions => [];

    /// <summary>The first number that the kernel gives to interrupts of functions.</summary>
    public virtual int FirstInterrupt => 32;

    /// <summary>The lines of <c>proc/interrupts</c> that are not functions', each its number, its chip with its hardware number, and who takes it.</summary>
    public virtual IEnumerable<(int Number, string Chip, string Action)> OtherInterrupts => [];

    protected VirtualHost Host => host;

    /// <summary>The module that asks for isolation when it attaches groups, and can be told to overlook its lack; null where none asks.</summary>
    protected virtual string? AskingModule => "vfio_iommu_type1";

    /// <summary>What the kernel shows of a platform.</summary>
    public static PlatformEvidence Create(VirtualHost host) => host.Options.Bridge switch
    {
        HostBridgeKind.None => new DirectEvidence(host),
        HostBridgeKind.Vtd => new VtdEvidence(host),
        HostBridgeKind.AmdVi => new AmdViEvidence(host),
        HostBridgeKind.Ioda or HostBridgeKind.Ioda2 => new PowerEvidence(host),
        HostBridgeKind.Its or HostBridgeKind.V2m => new ArmEvidence(host),
        HostBridgeKind.S390 => new S390Evidence(host),
        _ => new RiscVEvidence(host),
    };

    /// <summary>The chip that delivers a function's vectors, as <c>proc/interrupts</c> names it.</summary>
    public string ChipOf(EndpointFunction function, InterruptKind kind) => KernelAge.Of(host.Options.Dialect).NamesFunctions
        ? $"{ChipPrefix}PCI-MSI{(kind == InterruptKind.Msix ? "X" : "")}-{function.Address}" : SharedChip;

    /// <summary>What stands behind the chip's name.</summary>
    public virtual string Trigger(int vector) => string.Create(CultureInfo.InvariantCulture, $"{vector} Edge");

    /// <summary>The folder of a host bridge.</summary>
    public virtual string FolderOf(HostBridge bridge) => $"sys/devices/{bridge}";

    /// <summary>The IOMMU that translates for a function that is in a group.</summary>
    public abstract IommuFolder? UnitOf(HostFunction function);

    /// <summary>The device tree's node of a function, from the tree's root; null where it has none.</summary>
    public virtual string? NodeOf(HostFunction function) => null;

    /// <summary>Adds what else the platform shows of a function.</summary>
    public virtual void AddTo(MemoryTree tree, HostFunction function, string folder)
    {
    }

    /// <summary>Writes what belongs to no function: IOMMUs, firmware, modules.</summary>
    public virtual void WriteTo(MemoryTree tree)
    {
        foreach (IGrouping<IommuFolder, HostFunction> unit in host.Functions.Where(function => function.Group is not null).GroupBy(function => UnitOf(function)!.Value))
        {
            SysfsLink.Add(tree, "sys/class/iommu", unit.Key.Name, unit.Key.Folder);
            tree.AddFolder($"{unit.Key.Folder}/devices");
            foreach (HostFunction function in unit)
            {
                SysfsLink.Add(tree, $"{unit.Key.Folder}/devices", function.Address.ToString(), $"sys/bus/pci/devices/{function.Address}");
            }
        }

        if (AskingModule is { } module)
        {
            tree.AddFile($"sys/module/{module}/parameters/allow_unsafe_interrupts", host.Options.AllowsUnsafeInterrupts ? "Y\n" : "N\n");
        }
    }

    /// <summary>What the names of the chips of functions begin with.</summary>
    protected abstract string ChipPrefix { get; }

    /// <summary>What kernels called the chip that had one for all functions.</summary>
    protected abstract string SharedChip { get; }
}
