using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Devices.Joining;

/// <summary>
/// Where an emulated function sits on a host that is modelled too. The host programs its messages, and what the function writes for them goes through
/// the host's interrupt hardware; a function that sits nowhere signals its one client directly.
/// </summary>
internal interface IFunctionPlacement
{
    /// <summary>Its address.</summary>
    PciAddress Address { get; }

    /// <summary>Whether the MSIs of its group are isolated there.</summary>
    IsolationVerdict Isolation { get; }

    /// <summary>What would make them so; null where nothing would.</summary>
    string? IsolationAdvice { get; }

    /// <summary>Gives the function to a client, by the rules of the host's vfio-pci.</summary>
    /// <param name="port">The client, told of every interrupt by <see cref="FunctionPort.Arrive"/>.</param>
    /// <exception cref="PciException">The host refuses; the message says why, and what to do.</exception>
    void Open(FunctionPort port);

    /// <summary>The client is gone; all its messages are taken back.</summary>
    void Close();

    /// <summary>Gives a vector of MSI-X its message, or the vectors of MSI theirs, which are consecutive. Given again, they are the same.</summary>
    /// <param name="kind">MSI or MSI-X.</param>
    /// <param name="vector">Which vector of MSI-X; 0 for MSI.</param>
    /// <param name="count">How many; 1 for MSI-X.</param>
    /// <returns>The first message.</returns>
    /// <exception cref="PciException">The host has no interrupts left (ENOSPC).</exception>
    (ulong Address, uint Data) Assign(InterruptKind kind, int vector, int count);

    /// <summary>Takes all messages of a kind back.</summary>
    void Release(InterruptKind kind);

    /// <summary>Takes a write of four bytes that the function sends as a message, wherever it goes.</summary>
    void Post(ulong address, uint data);

    /// <summary>Whether addresses mean something else on the host than memory that a client could show there.</summary>
    bool Reserves(Iova first, Iova last);
}
