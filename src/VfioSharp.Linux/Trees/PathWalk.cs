namespace VfioSharp.Linux.Trees;

/// <summary>Who follows the links of a path, and how far they may lead.</summary>
internal enum PathWalk
{
    /// <summary>The kernel, anywhere: for the root of the running system.</summary>
    Host,

    /// <summary>The kernel, never out of the folder (openat2(2) with RESOLVE_IN_ROOT).</summary>
    Confined,

    /// <summary>
    /// We, a component at a time, never out of the folder: where the kernel is older than 5.6 or a sandbox forbids openat2.
    /// </summary>
    ConfinedByText,
}
