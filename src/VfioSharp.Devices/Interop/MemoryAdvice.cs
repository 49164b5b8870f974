namespace VfioSharp.Devices.Interop;

/// <summary>What madvise(2) is told (<c>include/uapi/asm-generic/mman-common.h</c>).</summary>
internal static class MemoryAdvice
{
    /// <summary>What is there is forgotten: anonymous memory is zeros again, and takes none until it is touched.</summary>
    public const int MADV_DONTNEED = 4;

    /// <summary>A child does not inherit the pages: what a device writes stays where this process sees it.</summary>
    public const int MADV_DONTFORK = 10;
    public const int MADV_HUGEPAGE = 14;
    public const int MADV_DONTDUMP = 16;
}
