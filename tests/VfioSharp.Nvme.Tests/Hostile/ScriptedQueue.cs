namespace VfioSharp.Nvme.Tests.Hostile;

/// <summary>A queue as the scripted controller keeps it.</summary>
internal sealed class ScriptedQueue(int id, ulong address, int entries, int? vector)
{
    public int Id { get; } = id;

    public ulong Address { get; } = address;

    public int Entries { get; } = entries;

    public int? Vector { get; } = vector;

    /// <summary>The head of a submission queue, the tail of a completion queue.</summary>
    public int Index { get; set; }

    public bool Phase { get; set; } = true;
}
