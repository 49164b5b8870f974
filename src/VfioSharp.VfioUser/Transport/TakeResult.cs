namespace VfioSharp.VfioUser.Transport;

/// <summary>What became of taking a message.</summary>
internal enum TakeResult
{
    /// <summary>There is none yet, not whole.</summary>
    None,

    /// <summary>Here it is.</summary>
    Taken,

    /// <summary>What was received is none, and nobody can tell where the next begins.</summary>
    Broken,
}
