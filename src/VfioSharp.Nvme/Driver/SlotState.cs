namespace VfioSharp.Nvme.Driver;

/// <summary>Where a command slot is in its life.</summary>
internal enum SlotState : byte
{
    Free,

    /// <summary>Taken for an awaited command, and not yet given to the controller, or given to it.</summary>
    UnderWay,

    /// <summary>Ended, and not yet taken by whoever waits for it.</summary>
    Ended,
}
