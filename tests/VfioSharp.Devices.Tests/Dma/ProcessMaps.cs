using System.Globalization;

namespace VfioSharp.Devices.Tests.Dma;

/// <summary>What the kernel says is mapped in this process (proc_pid_maps(5)).</summary>
internal static class ProcessMaps
{
    /// <summary>The file that is mapped at an address, by its inode; 0 where there is none.</summary>
    public static long FileAt(nint address) => Read().FirstOrDefault(entry => entry.First <= (ulong)address && (ulong)address < entry.End).Inode;

    /// <summary>Whether a file is mapped anywhere.</summary>
    public static bool Contains(long inode) => Read().Any(entry => entry.Inode == inode);

    // address-range permissions offset device inode path
    private static IEnumerable<(ulong First, ulong End, long Inode)> Read() =>
        from line in File.ReadLines("/proc/self/maps")
        let words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        let ends = words[0].Split('-')
        select (Hex(ends[0]), Hex(ends[1]), long.Parse(words[4], CultureInfo.InvariantCulture));

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
