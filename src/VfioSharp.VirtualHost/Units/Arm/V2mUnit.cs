using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.Arm;

/// <summary>
/// A GICv2m frame (Arm Server Base System Architecture, DEN 0029 2.2, on pages 35 to 39): a write of an SPI's number to its register raises that SPI,
/// whoever writes. The SMMU cannot help, since all functions need the same page.
/// </summary>
public sealed class V2mUnit : IsolationUnit
{
    private const int LowestSpi = 32;
    private const int EndOfSpis = 1020;

    // MSI_SETSPI_NS: bits 9:0 number the SPI, the rest is ignored.
    private const uint NumberMask = 0x3FF;

    private static readonly MessageFault NotOfTheFrame = new("the SPI is none of the frame's (MSI_TYPER)");

    /// <summary>Makes a frame.</summary>
    /// <param name="firstSpi">The lowest SPI that it can raise, from 32.</param>
    /// <param name="count">How many; the last is at most 1019.</param>
    internal V2mUnit(int firstSpi = 80, int count = 64)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(firstSpi, LowestSpi);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, EndOfSpis - firstSpi);
        FirstSpi = firstSpi;
        SpiCount = count;
    }

    /// <inheritdoc/>
    public override string Name => "GICv2m";

    /// <summary>The lowest SPI that it can raise (MSI_TYPER, bits 25:16).</summary>
    public int FirstSpi { get; }

    /// <summary>How many it can raise (MSI_TYPER, bits 9:0).</summary>
    public int SpiCount { get; }

    /// <inheritdoc/>
    public override bool IsMessage(ulong address) => ArmDoorbell.IsMessage(address);

    /// <inheritdoc/>
    public override UnitCondition Examine() =>
        new(false, "whoever writes MSI_SETSPI_NS raises any SPI of the frame: the register knows nothing of the writer");

    /// <inheritdoc/>
    internal override MessageOutcome Filter(RequesterId requester, ulong address, uint data)
    {
        if (ArmDoorbell.Check(address) is { } fault)
        {
            return MessageOutcome.Blocked(fault);
        }

        uint spi = data & NumberMask;
        return spi - (uint)FirstSpi < (uint)SpiCount
            ? MessageOutcome.Delivered(new HostInterrupt(0, spi))
            : MessageOutcome.Blocked(NotOfTheFrame);
    }
}
