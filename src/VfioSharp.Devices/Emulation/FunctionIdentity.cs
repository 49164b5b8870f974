using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Emulation;

/// <summary>What an emulated function says it is, in its configuration header (PCIe 6.0, 7.5.1).</summary>
/// <param name="VendorId">Vendor ID; 0xffff is what an absent function reads as, so no vendor's.</param>
/// <param name="DeviceId">Device ID, the vendor's choice.</param>
/// <param name="ClassCode">What kind of function it is.</param>
/// <param name="Revision">Revision ID, the vendor's choice.</param>
/// <param name="SubsystemVendorId">Vendor of the board; 0 for none.</param>
/// <param name="SubsystemId">The board, that vendor's choice.</param>
public readonly record struct FunctionIdentity(
    ushort VendorId, ushort DeviceId, ClassCode ClassCode, byte Revision = 0, ushort SubsystemVendorId = 0, ushort SubsystemId = 0);
