using VfioSharp.Devices;
using VfioSharp.Devices.Access;

namespace VfioSharp.Lab.Guest.Devices;

/// <summary>What of an Intel 82576 makes it interrupt by register alone: a cause that software sets becomes a message of the vector of that number.</summary>
/// <remarks>The 82576 datasheet, 8.8 (interrupt registers) and 7.3.4 (MSI-X).</remarks>
internal sealed class Igb : IDisposable
{
    public const string Id = "8086:10c9";

    /// <summary>Receive Address Low 0: the first four bytes of the MAC address.</summary>
    public const ulong ReceiveAddressLow = 0x5400;

    /// <summary>What it reads as: QEMU's default MAC address starts with 52:54:00:12.</summary>
    public const uint DefaultAddress = 0x1200_5452;

    /// <summary>The BAR that holds the MSI-X table, from its start, and nothing else that lives.</summary>
    public const int TableBar = 3;

    private const ulong Status = 0x0008;
    private const ulong GeneralPurposeInterruptEnable = 0x1514;
    private const ulong CauseSet = 0x1520;
    private const ulong MaskSet = 0x1524;
    private const ulong MaskClear = 0x1528;
    private const ulong AutoClear = 0x152C;

    private const uint MultipleMsix = 0x10;
    private const uint NonSelectiveClear = 0x01;

    private readonly Bar bar;

    /// <summary>Maps the registers; the function fires nothing yet.</summary>
    public Igb(PciFunction function) => bar = function.MapBar(0);

    public Registers Registers => bar.Registers;

    /// <summary>Whether there is a device behind the registers.</summary>
    public bool IsPresent => Registers.Read32(Status) != uint.MaxValue;

    /// <summary>Lets the first <paramref name="count"/> causes through, each as the vector of its number.</summary>
    public static void EnableCauses(Registers registers, int count)
    {
        uint causes = (1U << count) - 1;
        registers.Write32(GeneralPurposeInterruptEnable, MultipleMsix | NonSelectiveClear);
        registers.Write32(MaskClear, uint.MaxValue);
        registers.Write32(AutoClear, causes);
        registers.Write32(MaskSet, causes);
    }

    /// <summary>Sets a cause: the function signals that vector.</summary>
    public static void Fire(Registers registers, int vector) => registers.Write32(CauseSet, 1U << vector);

    /// <inheritdoc cref="EnableCauses(Registers, int)"/>
    public void EnableCauses(int count) => EnableCauses(Registers, count);

    /// <inheritdoc cref="Fire(Registers, int)"/>
    public void Fire(int vector) => Fire(Registers, vector);

    public void Dispose()
    {
        Registers.Write32(MaskClear, uint.MaxValue);
        bar.Dispose();
    }
}
