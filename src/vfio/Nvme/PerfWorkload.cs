namespace VfioSharp.Cli.Nvme;

/// <summary>What a measurement does.</summary>
internal enum PerfWorkload
{
    /// <summary>Reads anywhere.</summary>
    RandRead,

    /// <summary>Writes anywhere.</summary>
    RandWrite,

    /// <summary>Reads and writes anywhere, half of each.</summary>
    RandRw,

    /// <summary>Reads in order.</summary>
    Read,

    /// <summary>Writes in order.</summary>
    Write,
}
