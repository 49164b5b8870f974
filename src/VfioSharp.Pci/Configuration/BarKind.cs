namespace VfioSharp.Pci.Configuration;

/// <summary>What a base address register stands for (PCIe 6.0, 7.5.1.2.1).</summary>
public enum BarKind
{
    /// <summary>Nothing.</summary>
    Unimplemented = 0,

    /// <summary>Memory with a 32-bit address.</summary>
    Memory32,

    /// <summary>Memory with a 64-bit address, of which the next register is the upper half.</summary>
    Memory64,

    /// <summary>The upper half of the address of the 64-bit BAR before it: no BAR of its own.</summary>
    UpperHalf,

    /// <summary>I/O ports.</summary>
    Io,

    /// <summary>The expansion ROM.</summary>
    Rom,
}
