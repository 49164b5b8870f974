namespace VfioSharp.Nvme.Spec;

/// <summary>The register CC: how a controller is to work (NVM Express Base 2.0, 3.1.3.5).</summary>
/// <param name="Value">As it is read or written.</param>
internal readonly record struct ControllerConfiguration(uint Value)
{
    private const uint Enable = 1;
    private const int PageShift = 7;
    private const int ArbitrationShift = 11;
    private const int ShutdownShift = 14;
    private const int SubmissionShift = 16;
    private const int CompletionShift = 20;

    /// <summary>EN: it is to process commands.</summary>
    public bool IsEnabled => (Value & Enable) != 0;

    /// <summary>CSS: 0 for the NVM command set.</summary>
    public int CommandSet => (int)(Value >> 4) & 7;

    /// <summary>MPS: the memory page in bytes, 4096 and up.</summary>
    public long PageSize => 4096L << ((int)(Value >> PageShift) & 0xF);

    /// <summary>AMS: 0 for round robin.</summary>
    public int Arbitration => (int)(Value >> ArbitrationShift) & 7;

    /// <summary>SHN: what is asked for.</summary>
    public ShutdownNotice Shutdown => (ShutdownNotice)((Value >> ShutdownShift) & 3);

    /// <summary>IOSQES: an entry of I/O submission queues in bytes; 0 is written while there are none.</summary>
    public int SubmissionEntrySize => 1 << ((int)(Value >> SubmissionShift) & 0xF);

    /// <summary>IOCQES: an entry of I/O completion queues in bytes.</summary>
    public int CompletionEntrySize => 1 << ((int)(Value >> CompletionShift) & 0xF);

    /// <summary>Enabled, with round robin, the NVM command set and entries of 64 and 16 bytes.</summary>
    /// <param name="pageSize">A power of two, 4096 or more, in bytes.</param>
    public static ControllerConfiguration Of(long pageSize) => new(
        Enable | ((uint)(long.Log2(pageSize) - 12) << PageShift) | (6U << SubmissionShift) | (4U << CompletionShift));

    /// <summary>Not enabled, else the same.</summary>
    public ControllerConfiguration Disabled => new(Value & ~Enable);

    /// <summary>With a shutdown asked for, else the same.</summary>
    public ControllerConfiguration With(ShutdownNotice notice) => new((Value & ~(3U << ShutdownShift)) | ((uint)notice << ShutdownShift));
}
