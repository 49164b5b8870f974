using System.Collections.Immutable;

namespace VfioSharp.Devices.Emulation;

/// <summary>All that is fixed about an emulated function. Checked, whole, when the function is made of it.</summary>
public sealed record FunctionLayout
{
    /// <summary>What it says it is.</summary>
    public required FunctionIdentity Identity { get; init; }

    /// <summary>Its BARs, in any order; indices that are missing are unimplemented.</summary>
    public ImmutableArray<BarLayout> Bars { get; init; } = [];

    /// <summary>
    /// Where its MSI-X table and pending bit array are inside its BARs; null where it has no MSI-X, or has it in a BAR made by
    /// <see cref="BarLayout.Msix"/>.
    /// </summary>
    public MsixPlacement? Msix { get; init; }

    /// <summary>How many MSI vectors it asks for: a power of two, 1 to 32; 0 where it has no MSI.</summary>
    public int MsiVectors { get; init; }

    /// <summary>Its legacy interrupt line.</summary>
    public InterruptPin Pin { get; init; }

    /// <summary>
    /// Whether it is a PCI Express endpoint, with 4096 bytes of configuration space and function-level reset; else conventional, with 256.
    /// </summary>
    public bool IsPciExpress { get; init; } = true;

    /// <summary>
    /// Whether its state can be saved in one process and restored in another: its author has written <see cref="EmulatedFunction.SaveAsync"/> and
    /// <see cref="EmulatedFunction.RestoreAsync"/>, or it has no state but configuration space, interrupts and memory of BARs.
    /// </summary>
    public bool CanMigrate { get; init; }

    /// <summary>Where MSI-X is, whichever way it was said; null where there is none.</summary>
    internal MsixPlacement? MsixPlacement =>
        Msix ?? (Bars.FirstOrDefault(bar => bar.MsixVectors != 0) is { } own
            ? new MsixPlacement(own.MsixVectors, own.Index, 0, own.Index, own.Length / 2) : null);

    /// <summary>The BAR of that index; null where there is none.</summary>
    internal BarLayout? Bar(int index) => Bars.FirstOrDefault(bar => bar.Index == index);
}
