using VfioSharp.Devices;

namespace VfioSharp.VfioUser;

/// <summary>A server does not keep to vfio-user, or speaks a version of it that is not known here. The connection is of no more use.</summary>
/// <param name="operation">What was asked.</param>
/// <param name="message">What it did, and what to do next.</param>
/// <param name="innerException">What led to it.</param>
public sealed class VfioUserProtocolException(string operation, string message, Exception? innerException = null)
    : PciException(operation, message, innerException: innerException);
