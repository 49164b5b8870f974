using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.RiscV;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>
/// A unit whose tables a test writes word by word, in the formats of the specifications: a directory of one level on page 0, an MSI page table on page 1,
/// memory-resident files on page 2.
/// </summary>
internal sealed class ImsicTables
{
    public const ulong VirtualFile = 0x2800_0000;

    public ImsicTables(int harts = 2, int guestFiles = 3, int pages = 8)
    {
        Unit = new ImsicUnit(Memory, new ImsicLayout(harts, guestFiles, identities: 255), pages);
        Unit.DirectoryPointer = ((Page(0) >> 12) << 10) | 2;
        Context(5, 1UL << 60 | Page(1) >> 12);
    }

    public HostMemory Memory { get; } = new();

    public ImsicUnit Unit { get; }

    /// <summary>The address of one of the unit's pages.</summary>
    public ulong Page(int number) => Unit.Tables.Address + ((ulong)number << 12);

    public void Write(int page, int word, ulong value) => Unit.Tables.Write((page * 512) + word, value);

    /// <summary>Writes a device's context: valid, second stage Sv39x4, GSCID as given, virtual files at one page.</summary>
    public void Context(int device, ulong msiptp, ulong space = 7, ulong mask = 0)
    {
        Write(0, (8 * device) + 0, 1);
        Write(0, (8 * device) + 1, (8UL << 60) | (space << 44));
        Write(0, (8 * device) + 4, msiptp);
        Write(0, (8 * device) + 5, mask);
        Write(0, (8 * device) + 6, VirtualFile >> 12);
    }

    /// <summary>Writes an entry of the MSI page table on a page.</summary>
    public void Entry(ulong low, ulong high = 0, int index = 0, int page = 1)
    {
        Write(page, (2 * index) + 1, high);
        Write(page, 2 * index, low);
    }

    /// <summary>The first doubleword of an entry that translates to a page: M is 3, PPN in bits 53:10.</summary>
    public static ulong Translating(ulong address) => (address >> 12 << 10) | 0b111;

    /// <summary>The first doubleword of an entry for a memory-resident file: M is 1, address bits 55:9 in bits 53:7.</summary>
    public static ulong Resident(ulong address) => (address >> 9 << 7) | 0b011;

    /// <summary>The second doubleword: where the notice goes and what it says.</summary>
    public static ulong Notice(ulong address, ulong identity) => (address >> 12 << 10) | (identity & 0x3FF) | (identity >> 10 << 60);
}
