namespace VfioSharp.Nvme.Spec;

/// <summary>The register CAP: what a controller can do (NVM Express Base 2.0, 3.1.3.1).</summary>
/// <param name="Value">As it is read.</param>
internal readonly record struct ControllerCapabilities(ulong Value)
{
    private const int TimeoutUnitMilliseconds = 500;
    private const ulong Contiguous = 1UL << 16;
    private const ulong NvmCommandSet = 1UL << 37;
    private const int SmallestPage = 12;

    /// <summary>How many entries an I/O queue can have, 2 to 65536.</summary>
    public int MaxQueueEntries => (int)(Value & 0xFFFF) + 1;

    /// <summary>Whether queues must lie in one piece.</summary>
    public bool RequiresContiguousQueues => (Value & Contiguous) != 0;

    /// <summary>How long it may take to become ready, or to stop being it.</summary>
    public TimeSpan Timeout => TimeSpan.FromMilliseconds(((Value >> 24) & 0xFF) * TimeoutUnitMilliseconds);

    /// <summary>The distance of doorbells in bytes: 4 to 131072.</summary>
    public int DoorbellStride => 4 << (int)((Value >> 32) & 0xF);

    /// <summary>Whether it has the NVM command set.</summary>
    public bool HasNvmCommandSet => (Value & NvmCommandSet) != 0;

    /// <summary>The smallest memory page in bytes that it can be set to.</summary>
    public long MinPageSize => 1L << (SmallestPage + (int)((Value >> 48) & 0xF));

    /// <summary>The largest memory page in bytes that it can be set to.</summary>
    public long MaxPageSize => 1L << (SmallestPage + (int)((Value >> 52) & 0xF));

    /// <summary>The capabilities of a controller with the NVM command set, contiguous queues and doorbells 4 bytes apart.</summary>
    /// <param name="maxQueueEntries">2 to 65536.</param>
    /// <param name="timeout">Rounded up to half seconds, at most 127.5 s.</param>
    /// <param name="maxPageSize">A power of two, 4096 or more, in bytes.</param>
    public static ControllerCapabilities Of(int maxQueueEntries, TimeSpan timeout, long maxPageSize) => new(
        (ulong)(maxQueueEntries - 1) | Contiguous | NvmCommandSet
        | ((ulong)Math.Ceiling(timeout.TotalMilliseconds / TimeoutUnitMilliseconds) << 24)
        | ((ulong)(long.Log2(maxPageSize) - SmallestPage) << 52));
}
