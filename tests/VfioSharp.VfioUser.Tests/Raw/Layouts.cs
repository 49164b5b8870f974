using VfioSharp.Devices.Emulation;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>Functions to be served.</summary>
internal static class Layouts
{
    public const int Vectors = 4;

    public static ulong Page => (ulong)Environment.SystemPageSize;

    /// <summary>
    /// Something of everything: BAR 0 of four pages, the first two registers (doorbells at 0x800 and up), the last two memory; BAR 2 of MSI-X alone; BAR 3 of
    /// 16 ports; MSI, a line; to be migrated.
    /// </summary>
    public static FunctionLayout Whole => new()
    {
        Identity = new(0x1234, 0x5678, new(1, 8, 2), Revision: 9, SubsystemVendorId: 0xAAAA, SubsystemId: 0xBBBB),
        Bars =
        [
            BarLayout.Memory64(0, 4 * Page) with
            {
                Memory = [new(2 * Page, 2 * Page)],
                Doorbells = [new(0x800, 4), new(0x808, 2, 0x11), new(0x808, 2, 0x22), new(0x810, 8)],
            },
            BarLayout.Msix(2, Vectors),
            BarLayout.Io(3, 16) with { Doorbells = [new(4, 1, 7)] },
        ],
        MsiVectors = 4,
        Pin = InterruptPin.A,
        CanMigrate = true,
    };

    /// <summary>As small as a function can be: nothing but configuration space.</summary>
    public static FunctionLayout Bare => new() { Identity = new(0x1234, 0x5679, new(0xFF, 0, 0)) };
}
