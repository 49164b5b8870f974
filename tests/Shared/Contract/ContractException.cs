namespace VfioSharp.Tests.Contract;

/// <summary>A backend broke the contract of <see cref="VfioSharp.Devices.PciFunction"/>.</summary>
internal sealed class ContractException(string message) : Exception(message);
