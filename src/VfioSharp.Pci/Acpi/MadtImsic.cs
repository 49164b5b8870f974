namespace VfioSharp.Pci.Acpi;

/// <summary>What all IMSICs of a RISC-V machine have in common (ACPI 6.6, 5.2.12).</summary>
/// <param name="InterruptCount">How many interrupt identities a supervisor file has.</param>
/// <param name="GuestInterruptCount">How many interrupt identities a guest file has.</param>
/// <param name="GuestIndexBits">How many address bits tell the guest files of a hart apart; 0 where there are none.</param>
/// <param name="HartIndexBits">How many address bits tell harts apart.</param>
/// <param name="GroupIndexBits">How many address bits tell groups of harts apart.</param>
/// <param name="GroupIndexShift">The lowest of those.</param>
internal readonly record struct MadtImsic(
    ushort InterruptCount,
    ushort GuestInterruptCount,
    byte GuestIndexBits,
    byte HartIndexBits,
    byte GroupIndexBits,
    byte GroupIndexShift);
