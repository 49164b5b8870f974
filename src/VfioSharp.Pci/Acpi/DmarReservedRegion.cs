namespace VfioSharp.Pci.Acpi;

/// <summary>Memory that some devices go on using while an operating system runs: an RMRR structure (VT-d 4.1, 8.4).</summary>
/// <param name="Segment">The segment of the devices.</param>
/// <param name="Base">The first byte of the memory.</param>
/// <param name="Limit">The last byte of the memory.</param>
/// <param name="Scopes">The devices.</param>
internal sealed record DmarReservedRegion(ushort Segment, ulong Base, ulong Limit, IReadOnlyList<DmarDeviceScope> Scopes);
