using System.Buffers.Binary;
using System.Collections.Immutable;

namespace VfioSharp.Pci.Configuration;

/// <summary>
/// A function's configuration space as it was read once: 64 bytes without privilege, 256 of a conventional function, 4096 of a PCI Express
/// function, or fewer where the reading broke off. Every member is total: what the image does not hold reads as all ones, as an absent
/// function does (PCIe 6.0, 2.3.2).
/// </summary>
public sealed class ConfigurationSpace
{
    /// <summary>The size of PCI Express configuration space in bytes; an image holds no more.</summary>
    public const int MaxLength = 4096;

    /// <summary>The size of the header that every function has, in bytes; what lies beyond needs privilege to read.</summary>
    public const int HeaderLength = 64;

    /// <summary>The size of conventional configuration space in bytes, where extended capabilities begin.</summary>
    public const int ConventionalLength = 256;

    private const int StatusOffset = 0x06;
    private const int CapabilitiesListBit = 1 << 4;
    private const byte MultiFunctionBit = 0x80;

    private readonly ReadOnlyMemory<byte> image;

    /// <summary>Takes an image.</summary>
    /// <param name="image">The bytes from offset 0, which must not change from now on. What lies beyond <see cref="MaxLength"/> is ignored.</param>
    public ConfigurationSpace(ReadOnlyMemory<byte> image)
    {
        this.image = image.Length > MaxLength ? image[..MaxLength] : image;
    }

    /// <summary>How many bytes could be read, 0 to 4096.</summary>
    public int Length => image.Length;

    /// <summary>Whether nothing answers: there is no byte, or every byte of the header is all ones.</summary>
    /// <remarks>A virtual function's vendor and device ID read as all ones too, but not its whole header (PCIe 6.0, 9.3.4.1.1).</remarks>
    public bool IsAbsent => image.Span[..Math.Min(Length, HeaderLength)].IndexOfAnyExcept(byte.MaxValue) < 0;

    /// <summary>Whether bytes beyond the header, where capabilities lie, could be read. Linux shows them to CAP_SYS_ADMIN only.</summary>
    public bool HoldsCapabilities => Length > HeaderLength;

    /// <summary>Whether bytes beyond 255, where extended capabilities lie, could be read.</summary>
    public bool HoldsExtendedCapabilities => Length > ConventionalLength;

    /// <summary>Vendor ID; 0xffff for a virtual function, for which the host knows better.</summary>
    public ushort VendorId => Read16(0x00);

    /// <summary>Device ID; 0xffff for a virtual function, for which the host knows better.</summary>
    public ushort DeviceId => Read16(0x02);

    /// <summary>The Command register.</summary>
    public PciCommand Command => (PciCommand)Read16(0x04);

    /// <summary>Revision ID.</summary>
    public byte Revision => Read8(0x08);

    /// <summary>Class code.</summary>
    public ClassCode ClassCode => ClassCode.FromValue(Read32(0x08) >> 8);

    /// <summary>The layout of the header.</summary>
    public HeaderType HeaderType => (HeaderType)(Read8(0x0E) & ~MultiFunctionBit) switch
    {
        HeaderType.Endpoint => HeaderType.Endpoint,
        HeaderType.Bridge => HeaderType.Bridge,
        HeaderType.CardBus => HeaderType.CardBus,
        _ => HeaderType.Other,
    };

    /// <summary>Whether the device may hold more functions than this one (bit 7 of the Header Type register).</summary>
    public bool IsMultiFunction => !IsAbsent && (Read8(0x0E) & MultiFunctionBit) != 0;

    /// <summary>Subsystem vendor ID; null where there is none. A bridge holds it in a capability of its own.</summary>
    public ushort? SubsystemVendorId => Subsystem(0);

    /// <summary>Subsystem ID; null where there is none.</summary>
    public ushort? SubsystemId => Subsystem(2);

    /// <summary>The INTx line that the function uses: 1 for INTA to 4 for INTD, 0 for none (PCIe 6.0, 7.5.1.1.13).</summary>
    public byte InterruptPin => HoldsHeader ? Read8(0x3D) : (byte)0;

    /// <summary>The bus on a bridge's near side; 0 where the function is no bridge.</summary>
    public byte PrimaryBus => BusNumber(0x18);

    /// <summary>The bus on a bridge's far side; 0 where the function is no bridge, or one not set up yet.</summary>
    public byte SecondaryBus => BusNumber(0x19);

    /// <summary>The highest bus number below a bridge; 0 where the function is no bridge, or one not set up yet.</summary>
    public byte SubordinateBus => BusNumber(0x1A);

    /// <summary>Both capability lists, walked and decoded when first asked for.</summary>
    public PciCapabilities Capabilities => field ??= PciCapabilities.Read(this);

    /// <summary>The PCI Express device or port type; null for a conventional function, and where capabilities could not be read.</summary>
    public PciExpressPortType? PortType => Capabilities.PciExpress?.PortType;

    /// <summary>What is odd about the capability lists.</summary>
    public ImmutableArray<ConfigurationFinding> Findings => Capabilities.Findings;

    internal bool HasCapabilityList => HoldsHeader && (Read16(StatusOffset) & CapabilitiesListBit) != 0;

    internal bool HoldsHeader => Length >= HeaderLength && !IsAbsent;

    /// <summary>Whether the image holds all of <paramref name="length"/> bytes from <paramref name="offset"/>.</summary>
    public bool Contains(int offset, int length) => offset >= 0 && length >= 0 && length <= Length - offset;

    /// <summary>Reads a byte; 0xff where the image does not hold it.</summary>
    public byte Read8(int offset) => TryRead8(offset, out byte value) ? value : byte.MaxValue;

    /// <summary>Reads two bytes, little-endian; 0xffff where the image does not hold both.</summary>
    public ushort Read16(int offset) => TryRead16(offset, out ushort value) ? value : ushort.MaxValue;

    /// <summary>Reads four bytes, little-endian; all ones where the image does not hold all four.</summary>
    public uint Read32(int offset) => TryRead32(offset, out uint value) ? value : uint.MaxValue;

    /// <summary>Reads a byte, or says that the image does not hold it.</summary>
    public bool TryRead8(int offset, out byte value)
    {
        bool held = Contains(offset, sizeof(byte));
        value = held ? image.Span[offset] : (byte)0;
        return held;
    }

    /// <summary>Reads two bytes, little-endian, or says that the image does not hold both.</summary>
    public bool TryRead16(int offset, out ushort value)
    {
        bool held = Contains(offset, sizeof(ushort));
        value = held ? BinaryPrimitives.ReadUInt16LittleEndian(image.Span[offset..]) : (ushort)0;
        return held;
    }

    /// <summary>Reads four bytes, little-endian, or says that the image does not hold all four.</summary>
    public bool TryRead32(int offset, out uint value)
    {
        bool held = Contains(offset, sizeof(uint));
        value = held ? BinaryPrimitives.ReadUInt32LittleEndian(image.Span[offset..]) : 0;
        return held;
    }

    private byte BusNumber(int offset) =>
        HoldsHeader && HeaderType is HeaderType.Bridge or HeaderType.CardBus ? Read8(offset) : (byte)0;

    private ushort? Subsystem(int offset)
    {
        int? start = HeaderType switch
        {
            HeaderType.Endpoint => 0x2C,
            HeaderType.Bridge => Capabilities.Find(CapabilityId.SubsystemId)?.Offset + 4,
            HeaderType.CardBus => 0x40,
            _ => null,
        };
        return start is { } at && TryRead16(at + offset, out ushort value) ? value : null;
    }
}
