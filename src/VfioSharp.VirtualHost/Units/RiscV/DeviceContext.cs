using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Units.RiscV;

/// <summary>
/// What the IOMMU knows of a device: a device context in the extended format (RISC-V IOMMU specification 1.0, 2.1.3), as far as messages depend on it.
/// Of two-stage translation this IOMMU has the second stage alone.
/// </summary>
/// <param name="Control">Translation control (tc).</param>
/// <param name="SecondStage">iohgatp: the address space.</param>
/// <param name="Attributes">Translation attributes (ta).</param>
/// <param name="FirstStage">First-stage context (fsc).</param>
/// <param name="MsiTable">msiptp: the MSI page table.</param>
/// <param name="MsiMask">msi_addr_mask.</param>
/// <param name="MsiPattern">msi_addr_pattern.</param>
/// <param name="Reserved">The last doubleword.</param>
internal readonly record struct DeviceContext(
    ulong Control, ulong SecondStage, ulong Attributes, ulong FirstStage, ulong MsiTable, ulong MsiMask, ulong MsiPattern, ulong Reserved)
{
    public const int Words = 8;
    public const int Length = Words * sizeof(ulong);

    private const ulong Valid = 1;
    private const ulong HasProcesses = 1 << 5;
    private const ulong HasDefaultProcess = 1 << 9;

    // DTF (bit 4) only quiets reports to software. What is not here asks for what this IOMMU has not, such as ATS; of process directories it has none,
    // so a context may point to no other than the empty one (Bare).
    private const ulong ControlSupported = Valid | (1 << 4) | HasProcesses | HasDefaultProcess;
    private const ulong AttributesReserved = ~0xFFFF_F000UL;
    private const int PageNumberBits = 44;
    private const ulong PageNumber = (1UL << PageNumberBits) - 1;
    private const ulong RootAlignment = 3;
    private const ulong PointerReserved = 0xFFFFUL << PageNumberBits;
    private const ulong AddressReserved = 0xFFFUL << 52;
    private const int ModeShift = 60;
    private const ulong Sv39x4 = 8;
    private const ulong Flat = 1;

    public bool IsValid => (Control & Valid) != 0;

    /// <summary>Whether what is no message is translated; else it reaches what lies at its address.</summary>
    public bool IsTranslated => SecondStage >> ModeShift != 0;

    /// <summary>The address space's number (GSCID): contexts that have it in common belong together.</summary>
    public ushort Space => (ushort)(SecondStage >> PageNumberBits);

    public bool HasMsiTable => MsiTable >> ModeShift == Flat;

    /// <summary>Where the MSI page table begins.</summary>
    public ulong MsiTableAddress => (MsiTable & PageNumber) << ImsicLayout.PageShift;

    /// <summary>Whether anything is set that must not be (2.1.4).</summary>
    public bool IsMisconfigured =>
        (Control & ~ControlSupported) != 0
        || (Control & (HasProcesses | HasDefaultProcess)) == HasDefaultProcess
        || (SecondStage >> ModeShift) is not (0 or Sv39x4)
        || (IsTranslated && (SecondStage & RootAlignment) != 0)
        || (Attributes & AttributesReserved) != 0
        || FirstStage >> PageNumberBits != 0
        || (MsiTable & PointerReserved) != 0
        || MsiTable >> ModeShift > Flat
        || ((MsiMask | MsiPattern) & AddressReserved) != 0
        || Reserved != 0;

    /// <summary>The context whose first word is one of a table's.</summary>
    public static DeviceContext Read(HostTable table, int index) => new(
        table.Read(index), table.Read(index + 1), table.Read(index + 2), table.Read(index + 3),
        table.Read(index + 4), table.Read(index + 5), table.Read(index + 6), table.Read(index + 7));

    /// <summary>A context of an address space with an MSI page table.</summary>
    /// <remarks>
    /// The root of the second stage, which maps memory and no interrupt file, is no matter of messages: it is left out.
    /// </remarks>
    public static DeviceContext For(ushort space, ulong msiTableAddress, ulong msiMask, ulong msiPattern) => new(
        Valid, (Sv39x4 << ModeShift) | ((ulong)space << PageNumberBits), 0, 0,
        (Flat << ModeShift) | (msiTableAddress >> ImsicLayout.PageShift), msiMask, msiPattern, 0);

    /// <summary>Whether an address is one of a virtual interrupt file (2.1.3.6).</summary>
    public bool IsMsi(ulong address) => HasMsiTable && (((address >> ImsicLayout.PageShift) ^ MsiPattern) & ~MsiMask) == 0;

    /// <summary>Where the entry for such an address lies (2.3.3).</summary>
    public ulong EntryAddress(ulong address) => MsiTableAddress | (Extract(address >> ImsicLayout.PageShift, MsiMask) * MsiPageEntry.Length);

    /// <summary>The bits of <paramref name="value"/> that <paramref name="mask"/> selects, packed.</summary>
    public static ulong Extract(ulong value, ulong mask)
    {
        ulong result = 0;
        for (int at = 0; mask != 0; at++, mask &= mask - 1)
        {
            result |= ((value >> System.Numerics.BitOperations.TrailingZeroCount(mask)) & 1) << at;
        }

        return result;
    }
}
