using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.Amd;

/// <summary>What the host remembers of an interrupt table: which entries are taken, and which requester IDs lead to it.</summary>
/// <param name="slot">Which of the unit's tables it is.</param>
/// <param name="entries">Its entries.</param>
internal sealed class AmdViTable(int slot, NumberSpace entries)
{
    public int Slot => slot;

    public NumberSpace Entries => entries;

    /// <summary>The IDs whose device table entries point to it, and for how many message blocks each.</summary>
    public Dictionary<RequesterId, int> Users { get; } = [];
}
