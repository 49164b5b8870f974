namespace VfioSharp.Linux.Binding.Use;

/// <summary>A disk, a partition or a volume as <c>/sys/class/block</c> shows it.</summary>
/// <param name="Name">Its name in sysfs.</param>
/// <param name="Folder">Its folder under <c>sys/devices</c>, in which those of its partitions lie.</param>
/// <param name="Number">Its device number as <c>major:minor</c>, or null for the hidden halves of multipath NVMe.</param>
/// <param name="MapperName">The name of a device-mapper volume, or null.</param>
/// <param name="Holders">The volumes built on it.</param>
internal sealed record BlockDevice(string Name, string Folder, string? Number, string? MapperName, IReadOnlyList<string> Holders)
{
    /// <summary>Its file under <c>/dev</c>: sysfs writes <c>!</c> where that has a slash.</summary>
    public string File => "/dev/" + Name.Replace('!', '/');

    public string Title => MapperName is null ? Name : $"{Name} ({MapperName})";

    /// <summary>Whether a mount or a swap area that names a file means this device.</summary>
    public bool IsAt(string file) => file == File || (MapperName is not null && file == "/dev/mapper/" + MapperName);

    public bool IsBelow(string folder) => Folder.StartsWith(folder + "/", StringComparison.Ordinal);
}
