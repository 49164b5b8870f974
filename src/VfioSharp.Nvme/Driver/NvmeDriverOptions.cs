using VfioSharp.Devices;

namespace VfioSharp.Nvme.Driver;

/// <summary>How a controller is to be driven.</summary>
public sealed record NvmeDriverOptions
{
    /// <summary>How many I/O queues can be had, interrupt vectors and the controller allowing; as many as there are processors by default.</summary>
    public int MaxQueues { get; init; } = Math.Clamp(Environment.ProcessorCount, 4, 128);

    /// <summary>Use MSI-X. Without it, or where the function has none, completions are looked for, and no queue can interrupt.</summary>
    public bool UseInterrupts { get; init; } = true;

    /// <summary>
    /// Write doorbells to memory where the controller has the command for that and the doorbells are not mapped, so that few of them are written at
    /// all (NVM Express Base 2.0, 5.8, Doorbell Buffer Config).
    /// </summary>
    public bool UseShadowDoorbells { get; init; } = true;

    /// <summary>How long an I/O may take before Abort is sent for it, and as long again before the controller is reset.</summary>
    public TimeSpan IoTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an admin command may take before the controller is reset.</summary>
    public TimeSpan AdminTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the controller may take to become ready, or to stop; null for what it says itself, but a second at least.</summary>
    public TimeSpan? ReadyTimeout { get; init; }

    /// <summary>The longest transfer of a command in bytes, where the controller does not want less: it sizes each queue's memory.</summary>
    public int MaxTransferLength { get; init; } = 1 << 20;

    /// <summary>Dispose the <see cref="PciFunction"/> with the driver, or when opening fails.</summary>
    public bool OwnsFunction { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxQueues, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxQueues, ushort.MaxValue - 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxTransferLength, 4096);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(IoTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(AdminTimeout, TimeSpan.Zero);
        if (ReadyTimeout is { } ready)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ready, TimeSpan.Zero);
        }
    }
}
