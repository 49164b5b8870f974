using VfioSharp.Pci.Configuration;

namespace VfioSharp.Pci.Mapping;

/// <summary>Where QEMU could move a function's MSI-X table to: its option <c>x-msix-relocation=barN</c> (hw/vfio/pci.c).</summary>
public static class MsixRelocation
{
    private const int BarCount = 6;

    /// <summary>QEMU doubles a BAR that it moves the table to; one with a 32-bit address can be doubled up to this length.</summary>
    private const ulong MaxExtensible32 = 1UL << 30;

    /// <summary>
    /// The lowest BAR that the function does not implement and that is not the upper half of a 64-bit one: QEMU makes a new BAR there and
    /// puts table and PBA into it. Where there is none, the smallest memory BAR, which QEMU doubles to have room for them behind its
    /// registers; null where that cannot be either.
    /// </summary>
    /// <param name="bars">The function's BARs.</param>
    public static int? Suggest(BarSet bars)
    {
        ArgumentNullException.ThrowIfNull(bars);
        BarResource? smallest = null;
        for (int index = 0; index < BarCount; index++)
        {
            BarResource bar = bars[index];
            if (bar.Kind == BarKind.Unimplemented)
            {
                return index;
            }

            if (IsExtensible(bar) && (smallest is null || bar.Length < smallest.Value.Length))
            {
                smallest = bar;
            }
        }

        return smallest?.Index;
    }

    private static bool IsExtensible(BarResource bar) => bar.Kind switch
    {
        BarKind.Memory64 => bar.Length > 0,
        BarKind.Memory32 => bar.Length is > 0 and <= MaxExtensible32,
        _ => false,
    };
}
