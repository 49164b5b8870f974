namespace VfioSharp.VirtualHost.Memory;

/// <summary>A write of a 64-bit word to one of the host's tables.</summary>
/// <param name="Address">Where, in the host's physical memory; a multiple of 8.</param>
/// <param name="Value">What.</param>
internal readonly record struct TableWrite(ulong Address, ulong Value);
