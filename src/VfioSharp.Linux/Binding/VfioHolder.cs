using System.Globalization;

namespace VfioSharp.Linux.Binding;

/// <summary>A process that has a function, or its group, open through VFIO.</summary>
/// <param name="ProcessId">The process.</param>
/// <param name="Command">The name of its program as the kernel knows it, or null.</param>
/// <param name="File">What it has open: <c>/dev/vfio/12</c>, <c>/dev/vfio/devices/vfio0</c>, or <c>anon_inode:[vfio-device]</c>.</param>
/// <param name="IsCertain">
/// Whether it is this function or group. Before Linux 6.18 the kernel does not tell which device an <c>anon_inode:[vfio-device]</c> is.
/// </param>
public sealed record VfioHolder(int ProcessId, string? Command, string File, bool IsCertain)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"process {ProcessId}{(Command is null ? "" : $" ({Command})")}{(IsCertain ? "" : ", perhaps")}");
}
