namespace VfioSharp.Tests.Contract;

/// <summary>A 32-bit register of a subject.</summary>
/// <param name="Bar">0 to 5.</param>
/// <param name="Offset">In the BAR, in bytes, a multiple of 4.</param>
/// <param name="Value">What it reads as after a reset, under the mask.</param>
/// <param name="Mask">Which bits tell; of a scratch register those that keep what is written.</param>
internal readonly record struct ContractRegister(int Bar, ulong Offset, uint Value, uint Mask = uint.MaxValue);
