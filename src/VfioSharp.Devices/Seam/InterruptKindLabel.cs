namespace VfioSharp.Devices.Seam;

/// <summary>The ways of interrupting as messages name them.</summary>
internal static class InterruptKindLabel
{
    extension(InterruptKind kind)
    {
        public string Label => kind switch
        {
            InterruptKind.Intx => "INTx",
            InterruptKind.Msi => "MSI",
            InterruptKind.Msix => "MSI-X",
            InterruptKind.Error => "error",
            _ => "request",
        };
    }
}
