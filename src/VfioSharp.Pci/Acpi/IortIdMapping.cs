namespace VfioSharp.Pci.Acpi;

/// <summary>How a range of IDs at a node's input becomes IDs at the input of another node (Arm DEN0049E, 3.1.1).</summary>
/// <param name="InputBase">The first ID at the input.</param>
/// <param name="IdCount">The number of IDs minus one, so that the last ID is <paramref name="InputBase"/> plus this.</param>
/// <param name="OutputBase">What the first ID becomes.</param>
/// <param name="OutputReference">The node that takes the output: its offset from the start of the table.</param>
/// <param name="IsSingle">Whether every input becomes <paramref name="OutputBase"/>, whatever the range says.</param>
internal readonly record struct IortIdMapping(uint InputBase, uint IdCount, uint OutputBase, uint OutputReference, bool IsSingle)
{
    /// <summary>Whether the range holds the ID.</summary>
    public bool Contains(uint id) => id >= InputBase && id - InputBase <= IdCount;

    /// <summary>
    /// Whether the ID is the last of a range of several. Some firmware writes the number of IDs where the number minus one belongs, so
    /// a range that begins with this ID has the better claim to it.
    /// </summary>
    public bool EndsWith(uint id) => IdCount > 0 && id >= InputBase && id - InputBase == IdCount;

    /// <summary>What the ID becomes; the range must hold it.</summary>
    public uint Map(uint id) => IsSingle ? OutputBase : unchecked(OutputBase + (id - InputBase));
}
