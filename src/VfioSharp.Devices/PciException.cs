using VfioSharp.Devices.Interop;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Devices;

/// <summary>Something asked of a PCI function or of what gives access to it failed. The message says what to do next.</summary>
public class PciException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="operation">What was asked, as a short name: <c>open</c>, <c>map BAR 0</c>, <c>VFIO_SET_IOMMU</c>.</param>
    /// <param name="message">One or two sentences: what failed, why, and what to do next.</param>
    /// <param name="address">The function; null where it has no address, as behind a socket.</param>
    /// <param name="errorNumber">The kernel's error number (errno), 0 where none was given.</param>
    /// <param name="innerException">What led to it.</param>
    public PciException(string operation, string message, PciAddress? address = null, int errorNumber = 0, Exception? innerException = null)
        : base(message, innerException)
    {
        Operation = operation;
        Address = address;
        ErrorNumber = errorNumber;
    }

    /// <summary>What was asked.</summary>
    public string Operation { get; }

    /// <summary>The function it was asked of; null where it has no address.</summary>
    public PciAddress? Address { get; }

    /// <summary>The kernel's error number (errno); 0 where the kernel gave none.</summary>
    public int ErrorNumber { get; }

    internal Errno Errno => (Errno)ErrorNumber;
}
