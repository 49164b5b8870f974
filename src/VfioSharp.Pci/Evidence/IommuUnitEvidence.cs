using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Evidence;

/// <summary>One IOMMU as <c>/sys/class/iommu</c> shows it.</summary>
public sealed record IommuUnitEvidence
{
    internal const string Folder = "sys/class/iommu";

    private const ushort VirtioVendor = 0x1af4;
    private const ushort VirtioIommuDevice = 0x1057; // 0x1040 + device type 23

    /// <summary>Its name, for example <c>dmar0</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Which hardware it stands for.</summary>
    public IommuUnitKind Kind { get; init; }

    /// <summary>VT-d: the extended capability register (specification 11.4.3); bit 3 says that the unit can remap interrupts.</summary>
    public ulong? ExtendedCapability { get; init; }

    internal static IommuUnitEvidence Read(EvidenceSource source, string name, IEnumerable<FunctionEvidence> functions) => new()
    {
        Name = name,
        Kind = KindOf(name, functions),
        ExtendedCapability = ulong.TryParse(source.ReadText($"{Folder}/{name}/intel-iommu/ecap"), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong ecap)
            ? ecap : null,
    };

    /// <summary>Gives functions in a group whose folder names no unit the one that lists them.</summary>
    internal static ImmutableArray<FunctionEvidence> Assign(EvidenceSource source, IEnumerable<string> units, ImmutableArray<FunctionEvidence> functions)
    {
        if (!functions.Any(IsAdrift))
        {
            return functions;
        }

        var unitOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string unit in units)
        {
            foreach (string device in source.List($"{Folder}/{unit}/devices"))
            {
                unitOf.TryAdd(device, unit);
            }
        }

        return [.. functions.Select(function => IsAdrift(function) ? function with { IommuUnit = unitOf.GetValueOrDefault(function.Address.ToString()) } : function)];

        static bool IsAdrift(FunctionEvidence function) => function is { IommuGroup: not null, IommuUnit: null };
    }

    /// <summary>Whether a function is an IOMMU: by its class (AMD-Vi, RISC-V), or virtio-iommu, which hides behind class 0x00ff.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="function"/> is null.</exception>
    public static bool IsIommu(FunctionEvidence function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return function.ClassCode >> 8 == 0x0806 || function is { VendorId: VirtioVendor, DeviceId: VirtioIommuDevice };
    }

    internal static IommuUnitKind KindOf(string name, IEnumerable<FunctionEvidence> functions)
    {
        // The names that the drivers give: iommu_device_sysfs_add() in drivers/iommu and arch/powerpc/kernel/iommu.c.
        ReadOnlySpan<(string Prefix, IommuUnitKind Kind)> prefixes =
        [
            ("dmar", IommuUnitKind.IntelVtd), ("ivhd", IommuUnitKind.AmdVi), ("smmu", IommuUnitKind.ArmSmmu),
            ("iommu-phb", IommuUnitKind.SpaprTce), ("s390-iommu", IommuUnitKind.S390), ("riscv-iommu", IommuUnitKind.RiscV),
        ];
        foreach ((string prefix, IommuUnitKind kind) in prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                return kind;
            }
        }

        bool virtio = name.EndsWith(".virtio_mmio", StringComparison.Ordinal)
            || (PciAddress.TryParse(name, out PciAddress address)
                && functions.Any(f => f.Address == address && IsIommu(f)));
        return virtio ? IommuUnitKind.Virtio : IommuUnitKind.Other;
    }

    internal void WriteTo(MemoryTree tree)
    {
        tree.AddFolder($"{Folder}/{Name}");
        if (ExtendedCapability is { } ecap)
        {
            tree.AddFile($"{Folder}/{Name}/intel-iommu/ecap", string.Create(CultureInfo.InvariantCulture, $"{ecap:x}\n"));
        }
    }
}
