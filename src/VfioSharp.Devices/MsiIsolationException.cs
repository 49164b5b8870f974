using VfioSharp.Pci.Addressing;

namespace VfioSharp.Devices;

/// <summary>The kernel refused to attach the function's group because its MSIs are not isolated.</summary>
/// <param name="operation">What was asked.</param>
/// <param name="message">What failed, why, and what to do next.</param>
/// <param name="address">The function; null where it has no address.</param>
/// <param name="errorNumber">The kernel's error number (errno), 0 where none was given.</param>
/// <param name="innerException">What led to it.</param>
public sealed class MsiIsolationException(string operation, string message, PciAddress? address = null, int errorNumber = 0, Exception? innerException = null)
    : PciException(operation, message, address, errorNumber, innerException);
