using VfioSharp.Pci.Addressing;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>What the kernel itself says of isolation, where it was built to (<c>CONFIG_GENERIC_IRQ_DEBUGFS</c>).</summary>
internal static class IsolatedMsiFlag
{
    private const string Folder = "/sys/kernel/debug/irq/domains";
    private const string Flag = "IRQ_DOMAIN_FLAG_ISOLATED_MSI";

    /// <summary>Whether any domain of the host has the flag; null where the kernel does not tell.</summary>
    public static bool? OfHost() => Directory.Exists(Folder) ? Directory.EnumerateFiles(Folder).Any(HasFlag) : null;

    /// <summary>
    /// Whether the function's own domain or one above it has the flag, for a file shows those too; null where the kernel does not tell, or the function has
    /// no domain of its own, as before its first vector.
    /// </summary>
    public static bool? Of(PciAddress address)
    {
        if (!Directory.Exists(Folder))
        {
            return null;
        }

        string[] own = [.. Directory.EnumerateFiles(Folder).Where(file => Path.GetFileName(file).Contains(address.ToString(), StringComparison.Ordinal))];
        return own.Length == 0 ? null : own.All(HasFlag);
    }

    private static bool HasFlag(string file) => File.ReadAllText(file).Contains(Flag, StringComparison.Ordinal);
}
