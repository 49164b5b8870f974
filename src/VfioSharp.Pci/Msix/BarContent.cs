using VfioSharp.Pci.Mapping;

namespace VfioSharp.Pci.Msix;

/// <summary>A range of bytes in a BAR and what it holds.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Range">Which bytes.</param>
public readonly record struct BarContent(BarContentKind Kind, ByteRange Range)
{
    /// <summary>As <c>registers 0x0-0x1fff</c>.</summary>
    public override string ToString() => Kind switch
    {
        BarContentKind.Table => $"table {Range}",
        BarContentKind.Pba => $"PBA {Range}",
        _ => $"registers {Range}",
    };
}
