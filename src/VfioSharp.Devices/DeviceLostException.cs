using VfioSharp.Pci.Addressing;

namespace VfioSharp.Devices;

/// <summary>The function is gone: removed, about to be removed, or no longer answering. What waits for it ends with this.</summary>
/// <param name="operation">What was asked.</param>
/// <param name="message">What failed, why, and what to do next.</param>
/// <param name="address">The function; null where it has no address.</param>
/// <param name="errorNumber">The kernel's error number (errno), 0 where none was given.</param>
/// <param name="innerException">What led to it.</param>
public sealed class DeviceLostException(string operation, string message, PciAddress? address = null, int errorNumber = 0, Exception? innerException = null)
    : PciException(operation, message, address, errorNumber, innerException);
