namespace VfioSharp.VirtualHost.Planning;

/// <summary>An endpoint.</summary>
/// <param name="Device">The device number, 0 to 31.</param>
/// <param name="Function">The function number, 0 to 7.</param>
/// <param name="Model">What it is, by a name that whoever makes the host knows a model for.</param>
public sealed record FunctionPlan(int Device, int Function, string Model) : SlotPlan(Device, Function)
{
    /// <summary>Who holds it when the host is up.</summary>
    public FunctionDriver Driver { get; init; } = FunctionDriver.Native;

    /// <summary>How many virtual functions it has, 0 to 256 (SR-IOV); they are made of the same model.</summary>
    public int VirtualFunctions { get; init; }

    /// <summary>Who holds the virtual functions.</summary>
    public FunctionDriver VirtualDriver { get; init; } = FunctionDriver.VfioPci;

    /// <summary>What to add to its requester ID to get the first virtual function's, and the stride from each to the next.</summary>
    public (ushort First, ushort Stride) VirtualOffsets { get; init; } = (0x80, 1);
}
