using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.DeviceTree;

/// <summary>
/// A host bridge's map from requester IDs to the nodes that take their requests, read as <c>of_map_id</c> in <c>drivers/of/base.c</c>
/// reads it. Each entry is an ID, a phandle, a specifier of as many cells as the phandle's node asks for, and a length.
/// </summary>
internal sealed class DeviceTreeIdMap
{
    private const int MaxOutputCells = 16; // MAX_PHANDLE_ARGS, include/linux/of.h
    private const int LegacyEntryCells = 4;

    private readonly DeviceTreeNode bridge;
    private readonly DeviceTreeMapNames names;
    private readonly List<DeviceTreeMapEntry> entries = [];
    private readonly uint mask = uint.MaxValue;
    private readonly DeviceTreeLookup afterEntries = DeviceTreeLookup.NotMapped;

    /// <summary>Reads the map; a bridge without one has an empty map.</summary>
    /// <param name="bridge">The host bridge's node.</param>
    /// <param name="names">Which map.</param>
    /// <param name="resolve">The node with a phandle, or null.</param>
    public DeviceTreeIdMap(DeviceTreeNode bridge, DeviceTreeMapNames names, Func<uint, DeviceTreeNode?> resolve)
    {
        this.bridge = bridge;
        this.names = names;
        if (!bridge.Properties.TryGetValue(names.Map, out HostFile file))
        {
            return;
        }

        if (!file.IsRead)
        {
            afterEntries = DeviceTreeLookup.Unknown($"{bridge}/{names.Map} could not be read");
        }
        else if (bridge.Has(names.Mask) && bridge.Cell(names.Mask) is null)
        {
            afterEntries = DeviceTreeLookup.Malformed($"{bridge}/{names.Mask} is not one cell");
        }
        else if (bridge.Cells(names.Map) is not { Length: > 0 } cells)
        {
            afterEntries = DeviceTreeLookup.Malformed($"{bridge}/{names.Map} has {file.Content.Length} bytes");
        }
        else
        {
            mask = bridge.Cell(names.Mask) ?? uint.MaxValue;
            afterEntries = ReadEntries(cells, resolve) is { } wrong
                ? DeviceTreeLookup.Malformed($"{bridge}/{names.Map} {wrong}")
                : DeviceTreeLookup.NotMapped;
        }
    }

    /// <summary>Looks an ID up. The first entry that holds it counts; what is wrong behind that entry does not matter.</summary>
    public DeviceTreeLookup Translate(uint id)
    {
        uint masked = id & mask;
        foreach (DeviceTreeMapEntry entry in entries)
        {
            if ((entry.IdBase & ~mask) != 0)
            {
                return DeviceTreeLookup.Malformed(
                    $"{bridge}/{names.Map} has the ID 0x{entry.IdBase:x}, which {names.Mask} 0x{mask:x} excludes");
            }

            if (entry.Contains(masked))
            {
                return entry.Output.Count > 1 && entry.Length > 1
                    ? DeviceTreeLookup.Malformed($"{bridge}/{names.Map} maps several IDs to one specifier of {entry.Output.Count} cells")
                    : DeviceTreeLookup.Found([entry.Target], entry.Output.Count == 0 ? id : entry.Map(masked));
            }
        }

        return afterEntries;
    }

    private string? ReadEntries(uint[] cells, Func<uint, DeviceTreeNode?> resolve)
    {
        bool legacy = false;
        int at = 0;
        while (at < cells.Length)
        {
            if (cells.Length - at < 2)
            {
                return "ends in the middle of an entry";
            }

            if (resolve(cells[at + 1]) is not { } target)
            {
                return $"refers to the phandle 0x{cells[at + 1]:x}, which no node has";
            }

            if (target.Has(names.Cells) && target.Cell(names.Cells) is null)
            {
                return $"refers to {target}, whose {names.Cells} is not one cell";
            }

            uint output = target.Cell(names.Cells) ?? 1;
            legacy |= at == 0 && output == 2 && HasOneCellEntries(cells);
            output = legacy ? 1 : output;
            if (output > MaxOutputCells)
            {
                return $"refers to {target}, which asks for {output} cells";
            }

            int size = 3 + (int)output;
            if (cells.Length - at < size)
            {
                return "ends in the middle of an entry";
            }

            entries.Add(new DeviceTreeMapEntry(
                cells[at], target, new ArraySegment<uint>(cells, at + 2, (int)output), cells[at + size - 1]));
            at += size;
        }

        return null;
    }

    // Firmware exists whose target asks for two cells while its map gives one, each entry for a single ID; Linux reads it as meant
    // (of_check_bad_map).
    private static bool HasOneCellEntries(uint[] cells)
    {
        if (cells.Length % LegacyEntryCells != 0)
        {
            return false;
        }

        for (int i = 0; i < cells.Length; i += LegacyEntryCells)
        {
            if (cells[i + 1] != cells[1] || cells[i + 3] != 1)
            {
                return false;
            }
        }

        return true;
    }
}
