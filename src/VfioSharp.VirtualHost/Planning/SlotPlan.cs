namespace VfioSharp.VirtualHost.Planning;

/// <summary>A function, or a bridge, at a place on a bus.</summary>
/// <param name="Device">The device number, 0 to 31.</param>
/// <param name="Function">The function number, 0 to 7; one other than 0 needs a neighbour at 0.</param>
public abstract record SlotPlan(int Device, int Function)
{
    /// <summary>
    /// Whether it has access control services that keep what goes through it, or through its neighbours, apart (PCIe 6.0, 6.12). Of meaning to ports, and
    /// to functions that share a device.
    /// </summary>
    public bool HasAcs { get; init; } = true;
}
