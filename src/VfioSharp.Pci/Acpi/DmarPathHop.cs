namespace VfioSharp.Pci.Acpi;

/// <summary>One step of a device scope's path: a device and function number on the bus that the step before leads to.</summary>
/// <param name="Device">The device number as the table gives it; more than 31 names nothing.</param>
/// <param name="Function">The function number as the table gives it; more than 7 names nothing.</param>
internal readonly record struct DmarPathHop(byte Device, byte Function);
