namespace VfioSharp.Devices.Interop;

/// <summary>What may be done with mapped memory: mmap(2), mprotect(2) (<c>include/uapi/asm-generic/mman-common.h</c>).</summary>
internal static class MemoryProtection
{
    public const int PROT_NONE = 0;
    public const int PROT_READ = 1;
    public const int PROT_WRITE = 2;
}
