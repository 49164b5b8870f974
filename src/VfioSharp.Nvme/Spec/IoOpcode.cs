namespace VfioSharp.Nvme.Spec;

/// <summary>Commands of I/O queues (NVM Express NVM Command Set 1.0, 3, figure 18).</summary>
internal enum IoOpcode : byte
{
    Flush = 0x00,
    Write = 0x01,
    Read = 0x02,
    Compare = 0x05,
    WriteZeroes = 0x08,
    DatasetManagement = 0x09,
}
