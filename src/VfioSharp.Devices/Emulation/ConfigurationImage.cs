using System.Buffers.Binary;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Emulation;

/// <summary>Writes down the configuration space that a layout asks for, as it is after reset (PCIe 6.0, 7.5 and 7.7).</summary>
internal sealed class ConfigurationImage
{
    public const int Command = 0x04;
    public const int Status = 0x06;
    public const int FirstBar = 0x10;

    public const ushort StatusInterrupt = 1 << 3;
    public const ushort MsiEnable = 1 << 0;
    public const ushort MsixEnable = 1 << 15;
    public const ushort MsixFunctionMask = 1 << 14;

    /// <summary>Offsets of fields in the MSI capability with a 64-bit address and masking (7.7.1).</summary>
    public const int MsiAddress = 0x04;
    public const int MsiData = 0x0C;
    public const int MsiMask = 0x10;
    public const int MsiPending = 0x14;

    /// <summary>The capabilities' lengths in bytes.</summary>
    public const int MsiLength = 0x18;
    public const int MsixLength = 12;

    public const int DeviceControl = 0x08;
    public const int PowerState = 0x04;
    public const ushort InitiateReset = 1 << 15;

    private const int ConventionalLength = ConfigurationSpace.ConventionalLength;
    private const int CapabilitiesPointer = 0x34;
    private const int FirstCapability = 0x40;
    private const ushort StatusCapabilitiesList = 1 << 4;

    private readonly byte[] image;
    private readonly byte[] writable;
    private int last = CapabilitiesPointer;
    private int next = FirstCapability;

    private ConfigurationImage(int length)
    {
        image = new byte[length];
        writable = new byte[length];
    }

    /// <summary>Makes the model of a layout that was checked.</summary>
    public static ConfigurationModel Create(FunctionLayout layout)
    {
        var image = new ConfigurationImage(layout.IsPciExpress ? ConfigurationSpace.MaxLength : ConventionalLength);
        image.AddHeader(layout);
        int powerManagement = image.AddPowerManagement();
        int msi = layout.MsiVectors > 0 ? image.AddMsi(layout.MsiVectors) : 0;
        int msix = layout.MsixPlacement is { } placement ? image.AddMsix(placement) : 0;
        int express = layout.IsPciExpress ? image.AddPciExpress() : 0;
        return new ConfigurationModel(image.image, image.writable, new CapabilityOffsets(powerManagement, msi, msix, express));
    }

    private void AddHeader(FunctionLayout layout)
    {
        FunctionIdentity identity = layout.Identity;
        Set16(0x00, identity.VendorId);
        Set16(0x02, identity.DeviceId);
        Set16(Status, StatusCapabilitiesList);
        image[0x08] = identity.Revision;
        image[0x09] = identity.ClassCode.Interface;
        image[0x0A] = identity.ClassCode.SubClass;
        image[0x0B] = identity.ClassCode.Base;
        Set16(0x2C, identity.SubsystemVendorId);
        Set16(0x2E, identity.SubsystemId);
        image[0x3D] = (byte)layout.Pin;

        PciCommand command = PciCommand.BusMaster | PciCommand.ParityErrorResponse | PciCommand.SerrEnable | PciCommand.InterruptDisable;
        command |= layout.Bars.Any(bar => bar.Kind == BarKind.Io) ? PciCommand.IoSpace : 0;
        command |= layout.Bars.Any(bar => bar.Kind != BarKind.Io) ? PciCommand.MemorySpace : 0;
        Allow16(Command, (ushort)command);
        writable[0x0C] = byte.MaxValue; // Cache Line Size
        writable[0x3C] = byte.MaxValue; // Interrupt Line
        for (int index = 0; index < RegionIndex.Bars; index++)
        {
            if (layout.Bar(index) is { } bar)
            {
                AddBar(bar);
            }
        }
    }

    // The low bits tell the kind, those below the length read as zero: software finds the length by writing ones (7.5.1.2.1).
    private void AddBar(BarLayout bar)
    {
        int offset = FirstBar + (4 * bar.Index);
        ulong mask = ~(bar.Length - 1);
        uint kind = bar.Kind switch
        {
            BarKind.Io => 1,
            BarKind.Memory64 => 4,
            _ => 0,
        };
        Set32(offset, kind | (bar.IsPrefetchable ? 8u : 0));
        Allow32(offset, (uint)mask);
        if (bar.Kind == BarKind.Memory64)
        {
            Allow32(offset + 4, (uint)(mask >> 32));
        }
    }

    // Version 3, D0 and D3hot, no reset on the way back to D0 (7.5.2).
    private int AddPowerManagement()
    {
        int at = AddCapability(CapabilityId.PowerManagement, 8);
        Set16(at + 2, 3);
        Set16(at + 4, 1 << 3);
        Allow16(at + 4, 3);
        return at;
    }

    private int AddMsi(int vectors)
    {
        int at = AddCapability(CapabilityId.Msi, MsiLength);
        Set16(at + 2, (ushort)(0x0180 | (ushort.Log2((ushort)vectors) << 1)));
        Allow16(at + 2, 0x0071);
        Allow32(at + MsiAddress, ~3u);
        Allow32(at + MsiAddress + 4, uint.MaxValue);
        Allow16(at + MsiData, ushort.MaxValue);
        Allow32(at + MsiMask, vectors == 32 ? uint.MaxValue : (1u << vectors) - 1);
        return at;
    }

    private int AddMsix(MsixPlacement placement)
    {
        int at = AddCapability(CapabilityId.Msix, MsixLength);
        Set16(at + 2, (ushort)(placement.Vectors - 1));
        Allow16(at + 2, MsixEnable | MsixFunctionMask);
        Set32(at + 4, (uint)placement.TableOffset | (uint)placement.TableBar);
        Set32(at + 8, (uint)placement.PbaOffset | (uint)placement.PbaBar);
        return at;
    }

    // An endpoint with function-level reset on a link of one lane at 2.5 GT/s (7.5.3).
    private int AddPciExpress()
    {
        int at = AddCapability(CapabilityId.PciExpress, 0x3C);
        Set16(at + 0x02, 2);
        Set32(at + 0x04, (1u << 28) | (1u << 15));
        Set16(at + DeviceControl, 0x2010); // after a reset: reads of at most 512 bytes, relaxed ordering allowed (PCIe 6.0, 7.5.3.4)
        Allow16(at + DeviceControl, 0x70FF);
        Set32(at + 0x0C, 0x11);
        Set16(at + 0x12, 0x11);
        return at;
    }

    private int AddCapability(CapabilityId id, int length)
    {
        int at = next;
        image[at] = (byte)id;
        image[last] = (byte)at;
        last = at + 1;
        next = (at + length + 7) & ~7;
        return at;
    }

    private void Set16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(offset), value);

    private void Set32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(offset), value);

    private void Allow16(int offset, ushort bits) => BinaryPrimitives.WriteUInt16LittleEndian(writable.AsSpan(offset), bits);

    private void Allow32(int offset, uint bits) => BinaryPrimitives.WriteUInt32LittleEndian(writable.AsSpan(offset), bits);
}
