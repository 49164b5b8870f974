namespace VfioSharp.Nvme.Controller;

/// <summary>How <see cref="NvmeNamespace.Open"/> uses a file.</summary>
public sealed record NvmeFileOptions
{
    /// <summary>Of a logical block, in bytes: 512 or 4096.</summary>
    public int BlockSize { get; init; } = 512;

    /// <summary>Whether to go past the kernel's cache (O_DIRECT): data moves between the driver's memory and the device.</summary>
    public bool IsDirect { get; init; }

    /// <summary>Whether drivers can only read. Where they can write, nobody else may have the file locked (flock(2)).</summary>
    public bool IsReadOnly { get; init; }
}
