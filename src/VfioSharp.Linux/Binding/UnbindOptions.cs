namespace VfioSharp.Linux.Binding;

/// <summary>What an unbind may do.</summary>
public sealed record UnbindOptions
{
    /// <summary>
    /// Whether the function is unbound although somebody has it open. The kernel asks the holder to let go (VFIO's request interrupt) and the call blocks
    /// until it has.
    /// </summary>
    public bool Force { get; init; }
}
