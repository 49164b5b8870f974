using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Backends;

/// <summary>What the kernel's refusals mean when interrupts are enabled, and what to do about them.</summary>
internal static class InterruptFault
{
    /// <summary>Explains a refusal.</summary>
    /// <param name="address">The function.</param>
    /// <param name="kind">Which way of interrupting.</param>
    /// <param name="count">How many vectors there were to be.</param>
    /// <param name="available">How many there are to be had, where the kernel said.</param>
    /// <param name="error">What the kernel said; none where it said only how many there are.</param>
    public static PciException Of(PciAddress address, InterruptKind kind, int count, int available, Errno error)
    {
        string operation = $"enable {kind.Label}";
        string why = error switch
        {
            Errno.None => $"the host has {available} left to give: ask for that many",
            Errno.ENOSPC => "the host has no interrupt vectors left, or its IOMMU has no place for the doorbell that messages are written to",
            Errno.EINVAL => "the kernel does not take them in this state: vectors of another kind may be enabled, or they cannot be added to those that are",
            Errno.EBUSY => "another device holds the line alone; MSI or MSI-X do without it",
            _ => "the kernel's log may say why",
        };
        return new PciException(operation, $"{address}: {count} {kind.Label} vectors cannot be enabled{(error == Errno.None ? "" : $" ({error})")}: {why}", address, (int)error);
    }
}
