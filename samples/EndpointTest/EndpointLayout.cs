using System.Numerics;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Samples;

/// <summary>
/// The function's layout, as that of pci_epf_test_alloc_space(): the MSI-X table and its pending bits lie behind the registers, on their page. It is
/// the one place for them, for the driver's tests overwrite all of every BAR, and of this one the first register.
/// </summary>
internal static class EndpointLayout
{
    public const int MsiVectors = 32;

    private const int MaxMsixVectors = 2048;
    private const ulong EntryLength = 16;
    private const ulong Table = 0x80;

    /// <exception cref="ArgumentOutOfRangeException">The number is out of its range.</exception>
    public static FunctionLayout Of(int msixVectors)
    {
        // Raise() numbers vectors as MSI-X has them, where there is MSI-X: all of MSI's must be among those.
        ArgumentOutOfRangeException.ThrowIfLessThan(msixVectors, MsiVectors);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(msixVectors, MaxMsixVectors);
        ulong pendingBits = Table + ((ulong)msixVectors * EntryLength);
        ulong length = BitOperations.RoundUpToPowerOf2(pendingBits + (MaxMsixVectors / 8));
        return new FunctionLayout
        {
            Identity = new(VendorId: 0x104C, DeviceId: 0xB500, new ClassCode(0xFF, 0, 0)),
            Bars =
            [
                BarLayout.Memory32(0, Math.Max(length, 0x1000)),
                PlainMemory(1, 0x2_0000), PlainMemory(2, 0x2_0000), PlainMemory(3, 0x2_0000), PlainMemory(4, 0x2_0000), PlainMemory(5, 0x10_0000),
            ],
            Msix = new(msixVectors, TableBar: 0, Table, PbaBar: 0, pendingBits),
            MsiVectors = MsiVectors,
            Pin = InterruptPin.A,
            CanMigrate = true,
        };
    }

    private static BarLayout PlainMemory(int index, ulong length) =>
        BarLayout.Memory32(index, length) with { Memory = [new ByteRange(0, length)] };
}
