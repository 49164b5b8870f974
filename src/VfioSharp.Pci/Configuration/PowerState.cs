namespace VfioSharp.Pci.Configuration;

/// <summary>The power states that a function can report (PCIe 6.0, 5.3.1).</summary>
public enum PowerState
{
    /// <summary>On.</summary>
    D0 = 0,

    /// <summary>Light sleep.</summary>
    D1 = 1,

    /// <summary>Deeper sleep.</summary>
    D2 = 2,

    /// <summary>Off but for configuration space; BARs do not answer.</summary>
    D3Hot = 3,
}
