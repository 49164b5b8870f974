using VfioSharp.Pci.Configuration;

namespace VfioSharp.Pci.Mapping;

/// <summary>Where QEMU could move a function's MSI-X table to: its option <c>x-msix-relocation=barN</c> (hw/vfio/pci.c).</summary>
public static class MsixRelocation
{
    private const int BarCount = 6;

    /// <summary>
    /// The lowest BAR that the function does not implement and that is not the upper half of a 64-bit one: QEMU makes a new BAR there and
    /// puts table and PBA into it. Null where there is none.
    /// </summary>
    /// <param name="bars">The function's BARs.</param>
    public static int? Suggest(BarSet bars)
    {
        ArgumentNullException.ThrowIfNull(bars);
        for (int index = 0; index < BarCount; index++)
        {
            if (bars[index].Kind == BarKind.Unimplemented)
            {
                return index;
            }
        }

        return null;
    }
}
