using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Linux.Trees;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Backends;

/// <summary>What the kernel's refusals mean when memory is shown to a function, and what to do about them.</summary>
internal static class DmaFault
{
    private const string Operation = "map memory for DMA";

    /// <summary>Explains a refusal.</summary>
    /// <param name="address">The function.</param>
    /// <param name="backend">Which way the function is held: they count pinned memory differently.</param>
    /// <param name="region">What was to be mapped.</param>
    /// <param name="limits">What the function can address.</param>
    /// <param name="error">What the kernel said.</param>
    public static PciException Of(PciAddress address, VfioBackend backend, in DmaRegion region, DmaLimits limits, Errno error)
    {
        string what = string.Create(CultureInfo.InvariantCulture, $"{address}: 0x{region.Length:x} bytes cannot be shown to the function at {region.Iova}");
        string why = error switch
        {
            Errno.ENOMEM => ExplainMemory(backend, region.Length),
            Errno.ENOSPC => "there are as many mappings as the kernel allows: make fewer and larger ones, or raise /sys/module/vfio_iommu_type1/parameters/dma_entry_limit",
            Errno.EEXIST => "something is mapped there already; the functions of an IOMMU group share their mappings",
            Errno.EINVAL => $"the kernel takes no such address or alignment; usable are {string.Join(", ", limits.Ranges)} in pages of 0x{PageOf(limits):x}",
            Errno.EFAULT => "the memory cannot be pinned: it must be mapped, readable and, unless the function only reads, writable",
            Errno.EOPNOTSUPP when backend == VfioBackend.NoIommu => "in VFIO's no-IOMMU mode nothing is mapped: the function uses physical addresses",
            _ => "the kernel does not say more",
        };
        return new PciException(Operation, $"{what} ({error}): {why}", address, (int)error);
    }

    /// <summary>The text about a limit on pinned memory.</summary>
    /// <param name="limit">RLIMIT_MEMLOCK of this process in bytes; all ones where there is none.</param>
    /// <param name="used">How much counts already, in bytes; null where that is not known.</param>
    /// <param name="needed">How much more was asked for, in bytes.</param>
    internal static string Describe(ulong limit, ulong? used, ulong needed) => limit == ResourceLimits.RLIM_INFINITY
        ? "there is no memory left to pin"
        : string.Create(CultureInfo.InvariantCulture,
            $"RLIMIT_MEMLOCK is {limit >> 10} KiB, {(used is { } bytes ? $"{bytes >> 10} KiB of it are pinned, and " : "")}{(needed + 1023) >> 10} KiB more were asked for: ")
            + "raise it (ulimit -l in the shell that starts this process, LimitMEMLOCK= in its systemd unit, /etc/security/limits.conf), or give the process CAP_IPC_LOCK";

    private static string ExplainMemory(VfioBackend backend, ulong needed)
    {
        ulong limit = Machine.GetLimit(ResourceLimits.RLIMIT_MEMLOCK, out ResourceLimit current) == Errno.None ? current.rlim_cur : ResourceLimits.RLIM_INFINITY;

        // type1 counts as locked (vfio_lock_acct()), iommufd as pinned, and against the user's other processes too.
        string key = backend == VfioBackend.IommuFd ? "VmPin:" : "VmLck:";
        return Describe(limit, ReadStatus(FolderTree.OfHost().Read("proc/self/status").Text, key), needed)
            + (backend == VfioBackend.IommuFd ? "; iommufd counts all processes of the user together" : "");
    }

    /// <summary>A size of <c>/proc/PID/status</c> in bytes, or null.</summary>
    internal static ulong? ReadStatus(string? text, string key) =>
        text?.Split('\n').FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?[key.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [var number, "kB"]
        && ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ulong kibibytes) ? kibibytes << 10 : null;

    private static ulong PageOf(DmaLimits limits) => limits.PageSizes & (~limits.PageSizes + 1);
}
