namespace VfioSharp.Devices.Emulation;

/// <summary>Which legacy interrupt line a function uses: the Interrupt Pin register (PCIe 6.0, 7.5.1.1.13).</summary>
public enum InterruptPin
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>INTA#, the one that a function alone in its device uses.</summary>
    A,

    /// <summary>INTB#.</summary>
    B,

    /// <summary>INTC#.</summary>
    C,

    /// <summary>INTD#.</summary>
    D,
}
