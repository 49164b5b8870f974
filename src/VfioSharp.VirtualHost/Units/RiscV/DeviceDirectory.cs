using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.RiscV;

/// <summary>The device directory as the host writes it (RISC-V IOMMU specification 1.0, 2.1): three levels, pages as they are needed.</summary>
internal sealed class DeviceDirectory
{
    private const int PageLength = 1 << ImsicLayout.PageShift;
    private const int PageWords = PageLength / sizeof(ulong);
    private const ulong EntryValid = 1;
    private const int ContextShift = 6;
    private const int MiddleShift = 15;
    private const int LevelMask = 0x1FF;

    private readonly ImsicUnit unit;
    private readonly NumberSpace pages;
    private readonly Dictionary<int, int> contextPages = [];
    private readonly Dictionary<int, int> middlePages = [];
    private readonly int root;

    /// <summary>Makes an empty directory and has the unit walk it.</summary>
    /// <param name="unit">The hardware.</param>
    /// <param name="pages">The pages of its memory that are free.</param>
    public DeviceDirectory(ImsicUnit unit, NumberSpace pages)
    {
        this.unit = unit;
        this.pages = pages;
        root = pages.Take(1);
        unit.DirectoryPointer = EntryFor(root) ^ EntryValid ^ ImsicUnit.ThreeLevels;
    }

    /// <summary>Writes a device's context; one that is all zero takes it away. False where there is no page for it.</summary>
    public bool TryWrite(ushort device, in DeviceContext context)
    {
        int page = PageFor(device >> ContextShift);
        if (page < 0)
        {
            return false;
        }

        int at = (page * PageWords) + ((device & ((1 << ContextShift) - 1)) * DeviceContext.Words);

        // The first word makes the rest valid: it goes last when it comes and first when it goes.
        unit.Tables.Write(at, 0);
        unit.Tables.Write(at + 1, context.SecondStage);
        unit.Tables.Write(at + 2, context.Attributes);
        unit.Tables.Write(at + 3, context.FirstStage);
        unit.Tables.Write(at + 4, context.MsiTable);
        unit.Tables.Write(at + 5, context.MsiMask);
        unit.Tables.Write(at + 6, context.MsiPattern);
        unit.Tables.Write(at + 7, context.Reserved);
        unit.Tables.Write(at, context.Control);
        return true;
    }

    private int PageFor(int contexts)
    {
        if (contextPages.TryGetValue(contexts, out int page))
        {
            return page;
        }

        int middle = contexts >> (MiddleShift - ContextShift);
        if (!middlePages.ContainsKey(middle) && !TryAdd(middlePages, middle, (root * PageWords) + middle))
        {
            return -1;
        }

        return TryAdd(contextPages, contexts, (middlePages[middle] * PageWords) + (contexts & LevelMask)) ? contextPages[contexts] : -1;
    }

    private bool TryAdd(Dictionary<int, int> known, int key, int entry)
    {
        int page = pages.Take(1);
        if (page < 0)
        {
            return false;
        }

        known.Add(key, page);
        unit.Tables.Write(entry, EntryFor(page));
        return true;
    }

    private ulong EntryFor(int page) => ((unit.Tables.Address + ((ulong)page * PageLength)) >> 2) | EntryValid;
}
