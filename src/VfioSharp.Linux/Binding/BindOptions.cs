namespace VfioSharp.Linux.Binding;

/// <summary>What a bind may do beside binding the one function.</summary>
public sealed record BindOptions
{
    /// <summary>
    /// Whether the members of its IOMMU group that keep the group from being opened are bound to vfio-pci as well: all of them or none. Members without
    /// a driver, and bridges under the port driver, are not in the way and stay as they are.
    /// </summary>
    public bool IncludeGroup { get; init; }

    /// <summary>Whether a function is taken although something uses it (<see cref="BindingRefusal.CanBeForced"/>).</summary>
    public bool Force { get; init; }

    /// <summary>Whether the kernel module vfio-pci is loaded by modprobe(8) where it is not there. It stays loaded.</summary>
    public bool LoadModule { get; init; } = true;
}
