using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>The registers that a driver writes (NVM Express Base 2.0, 3.1.3). Not synchronized.</summary>
internal struct ControllerRegisters
{
    /// <summary>CC.</summary>
    public ControllerConfiguration Configuration;

    /// <summary>AQA.</summary>
    public uint AdminQueueAttributes;

    /// <summary>ASQ.</summary>
    public ulong AdminSubmissionQueue;

    /// <summary>ACQ.</summary>
    public ulong AdminCompletionQueue;

    /// <summary>CAP of the controller.</summary>
    public static ControllerCapabilities Capabilities { get; } =
        ControllerCapabilities.Of(ControllerState.MaxQueueEntries, TimeSpan.FromSeconds(10), ControllerState.MaxPageSize);

    /// <summary>The 64 bits at an offset.</summary>
    /// <param name="offset">A multiple of 8.</param>
    /// <param name="status">CSTS.</param>
    public readonly ulong Read(ulong offset, ControllerStatus status) => offset switch
    {
        ControllerRegister.Capabilities => Capabilities.Value,
        ControllerRegister.Version => ControllerState.Version,
        ControllerRegister.Configuration & ~7UL => (ulong)Configuration.Value << 32,
        ControllerRegister.Status & ~7UL => (ulong)status << 32,
        ControllerRegister.AdminQueueAttributes & ~7UL => (ulong)AdminQueueAttributes << 32,
        ControllerRegister.AdminSubmissionQueue => AdminSubmissionQueue,
        ControllerRegister.AdminCompletionQueue => AdminCompletionQueue,
        _ => 0, // interrupt masks among them, which MSI-X does not use
    };

    /// <summary>Writes 32 bits.</summary>
    /// <param name="offset">A multiple of 4.</param>
    /// <param name="value">What to write; what cannot be written stays.</param>
    public void Write(ulong offset, uint value)
    {
        const ulong High = sizeof(uint);
        switch (offset)
        {
            case ControllerRegister.Configuration:
                Configuration = new ControllerConfiguration(value);
                break;
            case ControllerRegister.AdminQueueAttributes:
                AdminQueueAttributes = value;
                break;
            case ControllerRegister.AdminSubmissionQueue:
                AdminSubmissionQueue = (AdminSubmissionQueue & ~(ulong)uint.MaxValue) | value;
                break;
            case ControllerRegister.AdminSubmissionQueue + High:
                AdminSubmissionQueue = (uint)AdminSubmissionQueue | ((ulong)value << 32);
                break;
            case ControllerRegister.AdminCompletionQueue:
                AdminCompletionQueue = (AdminCompletionQueue & ~(ulong)uint.MaxValue) | value;
                break;
            case ControllerRegister.AdminCompletionQueue + High:
                AdminCompletionQueue = (uint)AdminCompletionQueue | ((ulong)value << 32);
                break;
            default:
                break;
        }
    }
}
