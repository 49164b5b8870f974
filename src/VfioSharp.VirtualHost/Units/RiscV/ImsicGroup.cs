using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.RiscV;

/// <summary>What the host knows of a group whose functions have messages.</summary>
internal sealed class ImsicGroup
{
    /// <summary>The page of its MSI page table, whose number is its address space's too, and of its memory-resident file.</summary>
    public required int Page { get; init; }

    /// <summary>Its own interrupt file; of no meaning where files are shared.</summary>
    public required uint File { get; init; }

    /// <summary>The identities of its own file; null where files are shared.</summary>
    public required NumberSpace? Identities { get; init; }

    /// <summary>The device IDs that its functions' writes may arrive with.</summary>
    public List<ushort> Devices { get; } = [];

    /// <summary>How many blocks of messages its functions have.</summary>
    public int Blocks { get; set; }
}
