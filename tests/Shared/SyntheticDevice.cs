using System.Buffers.Binary;
using System.Globalization;

namespace VfioSharp.Tests.Shared;

/// <summary>One kind of device of a <see cref="SyntheticHost"/>: its numbers, configuration images and BARs.</summary>
/// <param name="VendorId">The vendor of all its functions.</param>
/// <param name="DeviceId">The physical function's device ID.</param>
/// <param name="VirtualDeviceId">The virtual functions'.</param>
/// <param name="ClassCode">The class code of all its functions.</param>
/// <param name="Driver">The physical function's driver.</param>
/// <param name="VirtualDriver">The virtual functions' native driver.</param>
/// <param name="PhysicalVectors">The vectors that the physical function's table has and its driver holds.</param>
/// <param name="VirtualVectors">The same of a virtual function.</param>
/// <param name="TableBar">The BAR that holds table and PBA.</param>
/// <param name="TableOffset">The table's offset in it.</param>
/// <param name="PbaOffset">The PBA's offset in it.</param>
/// <param name="BarLengths">The lengths of the BARs, 0 where there is none. They are 64 bits wide, so that the next is their upper half.</param>
internal sealed record SyntheticDevice(
    ushort VendorId, ushort DeviceId, ushort VirtualDeviceId, uint ClassCode, string Driver, string VirtualDriver, int PhysicalVectors, int VirtualVectors,
    int TableBar, uint TableOffset, uint PbaOffset, uint[] BarLengths)
{
    private const int Length = 4096;
    private const byte RootPortType = 4;
    private const int ResourceLines = 13; // six BARs, the ROM, and the six BARs of virtual functions

    /// <summary>A NIC with the table in a BAR of its own, and an SSD with it among its registers.</summary>
    public static SyntheticDevice[] Kinds { get; } =
    [
        new(0x8086, 0x1592, 0x1889, 0x020000, "ice", "iavf", 64, 5, 3, 0, 0x2000, [0x20000, 0, 0, 0x4000, 0, 0]),
        new(0x144d, 0xa824, 0xa824, 0x010802, "nvme", "nvme", 65, 3, 0, 0x2000, 0x3000, [0x4000, 0, 0, 0, 0, 0]),
    ];

    public static SyntheticDevice RootPort { get; } = new(0x8086, 0x347a, 0, 0x060400, "pcieport", "", 0, 0, 0, 0, 0, [0, 0, 0, 0, 0, 0]);

    /// <summary>The image of a bridge: header, PCI Express as root port, ACS.</summary>
    public byte[] Bridge(byte secondary, byte subordinate)
    {
        byte[] image = Header(VendorId, DeviceId);
        image[0x0e] = 0x81; // a bridge, one of several functions
        image[0x19] = secondary;
        image[0x1a] = subordinate;
        image[0x34] = 0x40;
        Put(image, 0x40, 0x0010 | ((2u | (RootPortType << 4)) << 16));
        Put(image, 0x100, 0x0001_000d);
        return image;
    }

    /// <summary>The image of a physical function: MSI-X, PCI Express, ARI, ACS, SR-IOV with that many virtual functions.</summary>
    public byte[] Physical(int virtualFunctions)
    {
        byte[] image = Endpoint(VendorId, DeviceId, PhysicalVectors);
        Put(image, 0x148, 0x1601_000d);
        Put(image, 0x160, 0x0001_0010);
        Put(image, 0x168, 0x0009);
        Put(image, 0x16c, 0x0100_0100);
        Put(image, 0x170, (uint)virtualFunctions);
        Put(image, 0x174, SyntheticHost.FirstVirtualOffset | (1u << 16));
        Put(image, 0x178, (uint)VirtualDeviceId << 16);
        Put(image, 0x17c, 1);
        Put(image, 0x180, 1);
        return image;
    }

    /// <summary>The image of a virtual function: no IDs and no BARs.</summary>
    public byte[] Virtual() => Endpoint(0xffff, 0xffff, VirtualVectors);

    /// <summary>The text of sysfs's <c>resource</c>, the BARs placed from <paramref name="address"/> on, which is moved behind them.</summary>
    public string Resource(bool isVirtual, ref ulong address)
    {
        var lines = new List<string>();
        for (int line = 0; line < ResourceLines; line++)
        {
            ulong length = line < BarLengths.Length ? (isVirtual ? 1u : 4u) * (ulong)BarLengths[line] : 0;
            if (length == 0)
            {
                lines.Add("0x0000000000000000 0x0000000000000000 0x0000000000000000\n");
                continue;
            }

            address = (address + length - 1) & ~(length - 1);
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"0x{address:x16} 0x{address + length - 1:x16} 0x000000000014220c\n"));
            address += length;
        }

        return string.Concat(lines);
    }

    private byte[] Endpoint(ushort vendor, ushort device, int vectors)
    {
        byte[] image = Header(vendor, device);
        image[0x34] = 0x40;
        Put(image, 0x40, 0x0003_5001); // power management
        Put(image, 0x50, 0x0000_7011 | ((uint)(vectors - 1) << 16));
        Put(image, 0x54, TableOffset | (uint)TableBar);
        Put(image, 0x58, PbaOffset | (uint)TableBar);
        Put(image, 0x70, 0x0002_0010); // PCI Express endpoint
        Put(image, 0x100, 0x1481_000e); // ARI
        Put(image, 0x148, 0x0001_000d); // ACS
        return image;
    }

    private byte[] Header(ushort vendor, ushort device)
    {
        byte[] image = new byte[Length];
        Put(image, 0x00, vendor | ((uint)device << 16));
        Put(image, 0x04, 0x0010_0406); // memory and bus master on, INTx off; a capability list
        Put(image, 0x08, (ClassCode << 8) | 1);
        return image;
    }

    private static void Put(byte[] image, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(offset), value);
}
