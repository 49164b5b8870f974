using VfioSharp.Devices.Seam;

namespace VfioSharp.Devices.Interrupts;

/// <summary>The enabled MSI vectors of a function (PCIe 6.0, 6.1.4.1).</summary>
public sealed class MsiVectors : InterruptSet
{
    internal MsiVectors(PciFunction function, int count)
        : base(function, InterruptKind.Msi, count)
    {
    }
}
