using VfioSharp.Devices;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>Makes exceptions of how commands end.</summary>
/// <param name="function">The controller's.</param>
internal sealed class CommandFailures(PciFunction function)
{
    /// <summary>Why commands are refused, or were given up, as a sentence that names the controller.</summary>
    public string? Reason { get; set; }

    /// <summary>Of an I/O command.</summary>
    public PciException Of(IoOpcode opcode, NvmeStatus status) => Of(opcode.ToString(), status);

    /// <summary>Of any command.</summary>
    public PciException Of(string operation, NvmeStatus status) => status switch
    {
        NvmeStatus.HostPathingError => Lost(operation),
        NvmeStatus.AbortedByHost => new NvmeException(
            operation,
            $"{operation} at {function.Name} was given up: {Reason ?? "its queue was closed"}. Whether it was carried out is not known: repeat it where that does no harm.",
            status,
            function.Address),
        _ => new NvmeException(operation, $"{operation} at {function.Name} failed: {status} (0x{(int)status:x3}). {Advice(status)}", status, function.Address),
    };

    /// <summary>The function is gone.</summary>
    public DeviceLostException Lost(string operation) => new(
        operation,
        $"{operation} at {function.Name}: the controller is gone, and what was under way may have been carried out or not. Dispose the driver and the function; "
        + "open both again when it is back, and repeat what does no harm.",
        function.Address);

    /// <summary>The controller failed before.</summary>
    public NvmeException Failed(string operation) => new(
        operation, $"{operation} at {function.Name}: {Reason ?? "the controller failed"}. It was stopped: reset it (ResetAsync), or dispose the driver.", null, function.Address);

    /// <summary>The controller says or does what none may.</summary>
    public NvmeException Nonsense(string operation, string what) => new(
        operation, $"{function.Name} cannot be driven: {what}. It is broken, or no NVMe controller: see its maker's firmware updates.", null, function.Address);

    private static string Advice(NvmeStatus status) => status switch
    {
        NvmeStatus.LbaOutOfRange => "Keep to the namespace's BlockCount.",
        NvmeStatus.InvalidNamespace => "See the driver's Namespaces.",
        NvmeStatus.InvalidOpcode or NvmeStatus.InvalidField => "The controller lacks it: see what its ControllerInfo says that it can do.",
        NvmeStatus.NamespaceNotReady or NvmeStatus.FormatInProgress => "Try again later.",
        NvmeStatus.CompareFailure => "The blocks differ from the memory.",
        NvmeStatus.WriteFault or NvmeStatus.UnrecoveredReadError => "The medium is at fault: see its SMART and error logs (ReadSmartAsync, ReadErrorLogAsync).",
        NvmeStatus.WriteToReadOnlyRange => "The namespace is write-protected.",
        NvmeStatus.AbortedByQueueDeletion => "Its queue was disposed while it was under way.",
        _ => "The controller's error log may say more (ReadErrorLogAsync).",
    };
}
