using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Tests.Contract.Model;

/// <summary>A way to lay the model out.</summary>
/// <param name="Name">How it differs from the others.</param>
/// <param name="Function">The layout.</param>
/// <param name="Shared">Where identity and scratch register lie as memory in BAR 0; null where handlers answer for them.</param>
internal sealed record ContractLayout(string Name, FunctionLayout Function, ByteRange? Shared)
{
    private const int Vectors = 8;
    private const int MsiVectors = 4;

    /// <summary>The table alone in a BAR of its own, all registers trapped.</summary>
    public static ContractLayout TableAlone { get; } = new(
        "table in a BAR of its own", Make([BarLayout.Memory64(0, 0x4000), BarLayout.Msix(2, Vectors)], null), null);

    /// <summary>Registers that are memory on a page of their own, the table elsewhere.</summary>
    public static ContractLayout MemoryBeside { get; } = new(
        "registers mapped, table in a BAR of its own",
        Make([BarLayout.Memory64(0, 4 * Page) with { Memory = [new(Page, Page)] }, BarLayout.Msix(2, Vectors)], null),
        new ByteRange(Page, 8));

    /// <summary>The table's page shared with registers that are memory, so that all of it can be mapped.</summary>
    public static ContractLayout TableBesideMemory { get; } = new(
        "registers on the table's page",
        Make([BarLayout.Memory64(0, 4 * Page) with { Memory = [new(2 * Page, Page)] }], new MsixPlacement(Vectors, 0, 2 * Page, 0, (2 * Page) + 0x800)),
        new ByteRange((2 * Page) + 0x900, 8));

    /// <summary>The table among registers that handlers answer for, so that its page cannot be mapped.</summary>
    public static ContractLayout TableAmongRegisters { get; } = new(
        "trapped registers on the table's page",
        Make([BarLayout.Memory32(0, 4 * Page)], new MsixPlacement(Vectors, 0, 0x800, 0, 0xC00)), null);

    /// <summary>A conventional function whose BAR is smaller than a page.</summary>
    public static ContractLayout SmallBar { get; } = new(
        "conventional, BARs of 256 bytes",
        Make([BarLayout.Memory32(0, 256), BarLayout.Memory32(3, 256), BarLayout.Io(5, 32)], new MsixPlacement(Vectors, 3, 0, 3, 0x80)) with { IsPciExpress = false },
        null);

    public static IEnumerable<ContractLayout> All => [TableAlone, MemoryBeside, TableBesideMemory, TableAmongRegisters, SmallBar];

    private static ulong Page => (ulong)Environment.SystemPageSize;

    private static FunctionLayout Make(BarLayout[] bars, MsixPlacement? msix) => new()
    {
        Identity = new(ContractModel.VendorId, ContractModel.DeviceId, new(0xFF, 0, 0)),
        Bars = [.. bars],
        Msix = msix,
        MsiVectors = MsiVectors,
        Pin = InterruptPin.A,
    };
}
