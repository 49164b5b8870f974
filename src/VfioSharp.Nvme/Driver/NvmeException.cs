using VfioSharp.Devices;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Nvme.Driver;

/// <summary>An NVMe controller refused or failed a command, or cannot be trusted. The message says what to do next.</summary>
public sealed class NvmeException : PciException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="operation">What was asked: <c>Read</c>, <c>Identify</c>, <c>enable</c>.</param>
    /// <param name="message">What failed, why, and what to do next.</param>
    /// <param name="status">How the command ended; null where there was none, or no answer.</param>
    /// <param name="address">The function; null where it has no address.</param>
    /// <param name="innerException">What led to it.</param>
    public NvmeException(string operation, string message, NvmeStatus? status = null, PciAddress? address = null, Exception? innerException = null)
        : base(operation, message, address, 0, innerException) => Status = status;

    /// <summary>How the command ended; null where it is not about a command, or there was no answer.</summary>
    public NvmeStatus? Status { get; }
}
