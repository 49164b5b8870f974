namespace VfioSharp.VfioUser.Transport;

/// <summary>What became of receiving or sending.</summary>
internal enum TransferResult
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>Nothing was there, or there was no room; or the time to wait is over.</summary>
    WouldBlock,

    /// <summary>The peer has closed.</summary>
    Closed,

    /// <summary>The connection is of no more use.</summary>
    Failed,
}
