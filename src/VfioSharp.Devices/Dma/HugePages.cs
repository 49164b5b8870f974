using System.Text;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Dma;

/// <summary>What the kernel says of its reserved huge pages (Documentation/admin-guide/mm/hugetlbpage.rst).</summary>
internal static class HugePages
{
    private const string Pools = "/sys/kernel/mm/hugepages";

    /// <summary>Why memory of huge pages cannot be had, and what an operator can do about it.</summary>
    public static string Explain(ulong length, ulong pageSize, Errno error)
    {
        string pool = $"{Pools}/hugepages-{pageSize >> 10}kB";
        ulong wanted = length / pageSize;
        if (Read($"{pool}/nr_hugepages") is not { } all)
        {
            return $"this kernel has no huge pages of {pageSize >> 10} KiB; the sizes it has are the folders of {Pools}";
        }

        ulong free = Read($"{pool}/free_hugepages") ?? 0;
        ulong promised = Read($"{pool}/resv_hugepages") ?? 0;
        free -= Math.Min(free, promised);
        return free < wanted
            ? $"it takes {wanted} huge pages of {pageSize >> 10} KiB and {free} of {all} are free: write {all + (wanted - free)} to {pool}/nr_hugepages"
            : $"the kernel refuses its huge pages ({error}), of which {free} are free: look at the control group's hugetlb limits";
    }

    private static ulong? Read(string path)
    {
        using FileDescriptor? file = FileDescriptor.Open(path, OpenFlags.O_RDONLY, out _);
        return file is not null && FileReader.ReadToEnd(file, 4096, out byte[] text) == Errno.None
            && ulong.TryParse(Encoding.ASCII.GetString(text).Trim(), out ulong value) ? value : null;
    }
}
