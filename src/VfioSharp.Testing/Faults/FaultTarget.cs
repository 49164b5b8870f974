namespace VfioSharp.Testing.Faults;

/// <summary>What passes between a driver and a function, and so can go wrong.</summary>
public enum FaultTarget
{
    /// <summary>The driver reads a register. On the driver's side: of any BAR; on the function's: what its handlers answer.</summary>
    RegisterRead,

    /// <summary>The driver writes a register, or rings a doorbell.</summary>
    RegisterWrite,

    /// <summary>The function reads the driver's memory. On the function's side only.</summary>
    MemoryRead,

    /// <summary>The function writes the driver's memory. On the function's side only.</summary>
    MemoryWrite,

    /// <summary>The function signals a vector of MSI or MSI-X.</summary>
    Interrupt,

    /// <summary>The driver shows memory to the function. On the driver's side only.</summary>
    Mapping,
}
