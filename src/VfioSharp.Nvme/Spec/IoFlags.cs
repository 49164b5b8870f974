namespace VfioSharp.Nvme.Spec;

/// <summary>Bits of dword 12 of reads, writes and their like, beside the number of blocks (NVM Express NVM Command Set 1.0, 3.2.4 to 3.2.8).</summary>
[Flags]
internal enum IoFlags : uint
{
    None = 0,

    /// <summary>DEAC of Write Zeroes: the blocks may be deallocated.</summary>
    Deallocate = 1U << 25,

    /// <summary>FUA: the data is on the medium before the command completes.</summary>
    ForceUnitAccess = 1U << 30,

    /// <summary>LR: do not try hard.</summary>
    LimitedRetry = 1U << 31,
}
