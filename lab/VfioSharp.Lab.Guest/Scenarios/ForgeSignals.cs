using VfioSharp.Devices.Access;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>Makes an igb send the message of its first MSI-X entry, by registers alone (Intel 82576 datasheet, 8.8).</summary>
internal sealed class ForgeSignals
{
    private const ulong GeneralPurposeInterruptEnable = 0x1514; // GPIE
    private const ulong ExtendedInterruptCauseSet = 0x1520; // EICS
    public const ulong ExtendedInterruptMaskSet = 0x1524; // EIMS
    private const ulong ExtendedInterruptAutoClear = 0x152C; // EIAC
    private const uint NonSelectiveMode = 0x01; // each MSI-X vector its own cause
    private const uint MultipleMsix = 0x10;
    private const uint FirstVector = 0x01;

    private readonly Registers registers;

    public ForgeSignals(Registers registers)
    {
        this.registers = registers;
        registers.Write32(GeneralPurposeInterruptEnable, MultipleMsix | NonSelectiveMode);
        registers.Write32(ExtendedInterruptAutoClear, FirstVector);
        registers.Write32(ExtendedInterruptMaskSet, FirstVector);
    }

    /// <summary>Sends it once.</summary>
    public void Fire() => registers.Write32(ExtendedInterruptCauseSet, FirstVector);
}
