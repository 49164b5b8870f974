using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Acpi;

/// <summary>A device, or a bridge with all below it, that a remapping structure is about (VT-d 4.1, 8.3.1).</summary>
/// <param name="Type">What the scope names. A value that the specification does not define is kept as it is.</param>
/// <param name="EnumerationId">The IO-APIC's ID or the HPET's or ACPI device's number, by <paramref name="Type"/>; else 0.</param>
/// <param name="StartBus">The bus that the path begins on.</param>
/// <param name="Path">The hops from the start bus to the device. Empty in a malformed scope.</param>
internal sealed record DmarDeviceScope(DmarScopeType Type, byte EnumerationId, byte StartBus, IReadOnlyList<DmarPathHop> Path)
{
    private const int MaxDevice = 31;
    private const int MaxFunction = 7;

    /// <summary>
    /// Follows the path to the function that the scope names, or gives null where the path leads nowhere: firmware lists functions
    /// that are not there.
    /// </summary>
    /// <param name="segment">The segment of the structure that holds the scope.</param>
    /// <param name="bridge">The buses below the bridge at an address, or null where there is no bridge.</param>
    public PciAddress? Resolve(ushort segment, Func<PciAddress, BridgeBuses?> bridge)
    {
        PciAddress? at = null;
        foreach (DmarPathHop hop in Path)
        {
            byte bus = StartBus;
            if (at is { } above)
            {
                if (bridge(above) is not { } buses)
                {
                    return null;
                }

                bus = buses.Secondary;
            }

            if (hop.Device > MaxDevice || hop.Function > MaxFunction)
            {
                return null;
            }

            at = new PciAddress(segment, bus, hop.Device, hop.Function);
        }

        return at;
    }
}
