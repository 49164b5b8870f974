namespace VfioSharp.Nvme.Spec;

/// <summary>Where a controller's registers lie in BAR 0, in bytes (NVM Express Base 2.0, 3.1.3; PCIe Transport 1.0, 3.1.2 for the doorbells).</summary>
internal static class ControllerRegister
{
    /// <summary>CAP, 64 bits: <see cref="ControllerCapabilities"/>.</summary>
    public const ulong Capabilities = 0x00;

    /// <summary>VS, 32 bits: major, minor, tertiary.</summary>
    public const ulong Version = 0x08;

    /// <summary>INTMS, 32 bits; not used with MSI-X.</summary>
    public const ulong InterruptMaskSet = 0x0C;

    /// <summary>INTMC, 32 bits; not used with MSI-X.</summary>
    public const ulong InterruptMaskClear = 0x10;

    /// <summary>CC, 32 bits: <see cref="ControllerConfiguration"/>.</summary>
    public const ulong Configuration = 0x14;

    /// <summary>CSTS, 32 bits: <see cref="ControllerStatus"/>.</summary>
    public const ulong Status = 0x1C;

    /// <summary>NSSR, 32 bits; there only where CAP says so.</summary>
    public const ulong SubsystemReset = 0x20;

    /// <summary>AQA, 32 bits: entries of the admin submission queue less 1 in bits 0 to 11, of the completion queue in bits 16 to 27.</summary>
    public const ulong AdminQueueAttributes = 0x24;

    /// <summary>ASQ, 64 bits: where the admin submission queue is, on a page boundary.</summary>
    public const ulong AdminSubmissionQueue = 0x28;

    /// <summary>ACQ, 64 bits: where the admin completion queue is, on a page boundary.</summary>
    public const ulong AdminCompletionQueue = 0x30;

    /// <summary>The first doorbell, 32 bits; see <see cref="ControllerCapabilities.DoorbellStride"/>.</summary>
    public const ulong Doorbells = 0x1000;

    /// <summary>The doorbell of a submission queue: its tail.</summary>
    /// <param name="queue">Its identifier.</param>
    /// <param name="stride">The distance of doorbells in bytes.</param>
    public static ulong SubmissionTail(int queue, int stride) => Doorbells + (2UL * (ulong)queue * (ulong)stride);

    /// <summary>The doorbell of a completion queue: its head.</summary>
    /// <inheritdoc cref="SubmissionTail"/>
    public static ulong CompletionHead(int queue, int stride) => Doorbells + (((2UL * (ulong)queue) + 1) * (ulong)stride);
}
