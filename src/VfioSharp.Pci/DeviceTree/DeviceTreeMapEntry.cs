namespace VfioSharp.Pci.DeviceTree;

/// <summary>One entry of a map property: a range of IDs, the node that takes their requests, and what the IDs become there.</summary>
/// <param name="IdBase">The first ID.</param>
/// <param name="Target">The node.</param>
/// <param name="Output">The specifier for the first ID; it has as many cells as the node asks for.</param>
/// <param name="Length">How many IDs there are.</param>
internal readonly record struct DeviceTreeMapEntry(uint IdBase, DeviceTreeNode Target, ArraySegment<uint> Output, uint Length)
{
    /// <summary>Whether the range holds the ID. Does not wrap: a range that would stops at the last ID there is.</summary>
    public bool Contains(uint id) => id >= IdBase && id - IdBase < Length;

    /// <summary>
    /// What an ID of the range becomes: shifted by a specifier of one cell, unchanged without one, the first cell of several.
    /// </summary>
    public uint Map(uint id) => Output.Count switch
    {
        0 => id,
        1 => unchecked(Output[0] + (id - IdBase)),
        _ => Output[0],
    };
}
