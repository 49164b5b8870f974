using System.Buffers.Binary;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;
using VfioSharp.VirtualHost.Planning;

namespace VfioSharp.VirtualHost.Topology;

/// <summary>Writes down the configuration space of a bridge as it is after reset (PCIe 6.0, 7.5.1.3; PCI-to-PCI Bridge Architecture 1.2, 3.2).</summary>
internal sealed class BridgeRegisters
{
    public const int Command = 0x04;
    public const int BusNumbers = 0x18;
    public const int IoBase = 0x1C;
    public const int MemoryBase = 0x20;
    public const int PrefetchableBase = 0x24;
    public const int PrefetchableUpper = 0x28;
    public const int IoUpper = 0x30;

    private const int PowerManagement = 0x40;
    private const int PciExpress = 0x48;
    private const int Acs = 0x100;
    private const AcsServices Services = AcsServices.SourceValidation | AcsServices.TranslationBlocking | AcsServices.RequestRedirect
        | AcsServices.CompletionRedirect | AcsServices.UpstreamForwarding;

    private readonly byte[] image;
    private readonly byte[] writable;

    private BridgeRegisters(int length)
    {
        image = new byte[length];
        writable = new byte[length];
    }

    /// <summary>What a kind of bridge is on PCI Express; null where it is conventional.</summary>
    public static PciExpressPortType? PortTypeOf(BridgeKind kind) => kind switch
    {
        BridgeKind.RootPort => PciExpressPortType.RootPort,
        BridgeKind.UpstreamPort => PciExpressPortType.UpstreamPort,
        BridgeKind.DownstreamPort => PciExpressPortType.DownstreamPort,
        BridgeKind.PcieToPci => PciExpressPortType.PciExpressToPciBridge,
        _ => null,
    };

    /// <summary>Makes the registers of a bridge.</summary>
    /// <param name="kind">What kind.</param>
    /// <param name="isMultiFunction">Whether others share its device number.</param>
    /// <param name="hasAcs">Whether it has access control services; only ports do.</param>
    public static ConfigurationModel Create(BridgeKind kind, bool isMultiFunction, bool hasAcs)
    {
        PciExpressPortType? port = PortTypeOf(kind);
        var registers = new BridgeRegisters(port is null ? ConfigurationSpace.ConventionalLength : ConfigurationSpace.MaxLength);
        registers.AddHeader(kind, isMultiFunction);
        registers.AddPowerManagement(hasNext: port is not null);
        if (port is { } type)
        {
            registers.AddPciExpress(type);
            if (hasAcs && kind is BridgeKind.RootPort or BridgeKind.DownstreamPort)
            {
                registers.AddAcs();
            }
        }

        return new ConfigurationModel(registers.image, registers.writable, new CapabilityOffsets(PowerManagement, 0, 0, port is null ? 0 : PciExpress));
    }

    // The functions that QEMU models, which every list of names knows.
    private static (ushort Vendor, ushort Device) IdentityOf(BridgeKind kind) => kind switch
    {
        BridgeKind.RootPort => (0x1B36, 0x000C),
        BridgeKind.UpstreamPort => (0x104C, 0x8232),
        BridgeKind.DownstreamPort => (0x104C, 0x8233),
        BridgeKind.PcieToPci => (0x1B36, 0x000E),
        _ => (0x1B36, 0x0001),
    };

    private void AddHeader(BridgeKind kind, bool isMultiFunction)
    {
        (ushort vendor, ushort device) = IdentityOf(kind);
        Set16(0x00, vendor);
        Set16(0x02, device);
        Set16(0x06, 1 << 4); // a list of capabilities
        image[0x0A] = 0x04;
        image[0x0B] = 0x06; // PCI-to-PCI bridge
        image[0x0E] = (byte)(isMultiFunction ? 0x81 : 0x01);
        image[0x34] = PowerManagement;
        image[IoBase] = 1; // 32-bit port addresses
        image[IoBase + 1] = 1;
        Set16(PrefetchableBase, 1); // 64-bit addresses
        Set16(PrefetchableBase + 2, 1);

        Allow16(Command, (ushort)(PciCommand.IoSpace | PciCommand.MemorySpace | PciCommand.BusMaster | PciCommand.ParityErrorResponse | PciCommand.SerrEnable
            | PciCommand.InterruptDisable));
        Allow32(BusNumbers, 0x00FF_FFFF);
        Allow16(IoBase, 0xF0F0);
        Allow32(MemoryBase, 0xFFF0_FFF0);
        Allow32(PrefetchableBase, 0xFFF0_FFF0);
        Allow32(PrefetchableUpper, uint.MaxValue);
        Allow32(PrefetchableUpper + 4, uint.MaxValue);
        Allow32(IoUpper, uint.MaxValue);
        Allow16(0x3E, 0x007F); // Bridge Control
    }

    private void AddPowerManagement(bool hasNext)
    {
        image[PowerManagement] = (byte)CapabilityId.PowerManagement;
        image[PowerManagement + 1] = hasNext ? (byte)PciExpress : (byte)0;
        Set16(PowerManagement + 2, 3);
        Set16(PowerManagement + 4, 1 << 3);
        Allow16(PowerManagement + 4, 3);
    }

    private void AddPciExpress(PciExpressPortType type)
    {
        image[PciExpress] = (byte)CapabilityId.PciExpress;
        Set16(PciExpress + 0x02, (ushort)(2 | ((int)type << 4)));
        Allow16(PciExpress + 0x08, 0x000F);
        Set16(PciExpress + 0x0C, 0x11); // one lane at 2.5 GT/s
        Set16(PciExpress + 0x12, 0x11);
    }

    private void AddAcs()
    {
        Set16(Acs, (ushort)ExtendedCapabilityId.AccessControlServices);
        Set16(Acs + 2, 1);
        Set16(Acs + 4, (ushort)Services);
        Allow16(Acs + 6, (ushort)Services);
    }

    private void Set16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(offset), value);

    private void Allow16(int offset, ushort bits) => BinaryPrimitives.WriteUInt16LittleEndian(writable.AsSpan(offset), bits);

    private void Allow32(int offset, uint bits) => BinaryPrimitives.WriteUInt32LittleEndian(writable.AsSpan(offset), bits);
}
