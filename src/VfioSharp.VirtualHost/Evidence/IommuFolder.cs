namespace VfioSharp.VirtualHost.Evidence;

/// <summary>An IOMMU as sysfs shows it.</summary>
/// <param name="Name">Its name below <c>sys/class/iommu</c>.</param>
/// <param name="Folder">Where its folder lies.</param>
internal readonly record struct IommuFolder(string Name, string Folder)
{
    /// <summary>One whose driver gives it no place below a device.</summary>
    public static IommuFolder Virtual(string name) => new(name, $"sys/devices/virtual/iommu/{name}");
}
