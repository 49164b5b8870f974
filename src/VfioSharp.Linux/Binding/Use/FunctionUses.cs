using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Binding.Use;

/// <summary>What the host does with its functions that taking one away would break.</summary>
internal sealed class FunctionUses(HostTree tree, HostEvidence host, Func<string, bool>? isClaimed = null)
{
    private const string IommuFolder = "sys/class/iommu";

    private readonly Lazy<BlockUses> blocks = new(() => new BlockUses(tree, isClaimed));
    private readonly Lazy<NetworkUses> networks = new(() => new NetworkUses(tree));
    private readonly ILookup<PciAddress?, FunctionEvidence> virtualFunctions = host.Functions.ToLookup(function => function.PhysicalFunction);
    private readonly Lazy<string[]> units = new(() => [.. tree.List(IommuFolder).Select(unit => tree.ResolveLink($"{IommuFolder}/{unit}") ?? unit)]);

    public IEnumerable<FunctionUse> Of(FunctionEvidence function)
    {
        if (IsIommu(function))
        {
            yield return new FunctionUse("it is an IOMMU", "leave it to the kernel: without its driver no DMA of the functions behind it is translated, and the machine may hang");
        }

        if (function.DevicePath is { } folder)
        {
            foreach (FunctionUse use in blocks.Value.Below(folder).Concat(networks.Value.Below(folder)))
            {
                yield return use;
            }
        }

        string[] used = [.. virtualFunctions[function.Address].Where(each => each.Driver is not null).Select(each => $"{each.Address} ({each.Driver})")];
        if (used.Length > 0)
        {
            yield return new FunctionUse(
                $"its virtual function{(used.Length == 1 ? " is" : "s are")} in use: {Enumerate(used)}",
                "unbind them first, as they vanish with its driver");
        }
    }

    internal static string Enumerate(IReadOnlyCollection<string> names)
    {
        const int MaxNamed = 8;
        return names.Count > MaxNamed ? $"{string.Join(", ", names.Take(MaxNamed))} and {names.Count - MaxNamed} more" : string.Join(", ", names);
    }

    // What it is tells, and what it does: a unit hangs below its function, or has its name.
    public bool IsIommu(FunctionEvidence function) =>
        IommuUnitEvidence.IsIommu(function)
        || (function.DevicePath is { } folder && units.Value.Any(unit => unit.StartsWith(folder + "/", StringComparison.Ordinal)))
        || units.Value.Contains(function.Address.ToString());
}
