namespace VfioSharp.Pci.DeviceTree;

/// <summary>What the device tree says of where a function's requests go.</summary>
internal enum DeviceTreeLookupOutcome
{
    /// <summary>The evidence does not hold the host bridge's node, or a property of it could not be read.</summary>
    Unknown = 0,

    /// <summary>The tree names a node.</summary>
    Found,

    /// <summary>The tree names none: there is no such property, or the map does not cover the ID.</summary>
    NotMapped,

    /// <summary>The property is there and makes no sense, or leads to a node that is not there.</summary>
    Malformed,
}
