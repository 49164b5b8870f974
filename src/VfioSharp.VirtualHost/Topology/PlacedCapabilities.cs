using System.Buffers.Binary;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.VirtualHost.Topology;

/// <summary>The extended capabilities that a function has because of where it sits, as its configuration space holds them from 0x100 on.</summary>
internal sealed class PlacedCapabilities
{
    private const int First = ConfigurationSpace.ConventionalLength;

    private readonly byte[] image = new byte[0x100];
    private readonly byte[] writable = new byte[0x100];
    private int last = -1;
    private int next;

    public ReadOnlySpan<byte> Image => image;

    public ReadOnlySpan<byte> Writable => writable;

    /// <summary>Access control services of a function among others that sends nothing to them: there is nothing to redirect (PCIe 6.0, 6.12.1.2).</summary>
    public void AddAccessControl() => Add(ExtendedCapabilityId.AccessControlServices, 8);

    /// <summary>Routing by 8-bit function numbers, without which more than seven virtual functions are not found (7.8.7).</summary>
    public void AddAlternativeRouting() => Add(ExtendedCapabilityId.AlternativeRoutingId, 8);

    /// <summary>SR-IOV, turned on (9.3.3).</summary>
    /// <param name="count">How many virtual functions.</param>
    /// <param name="offsets">From the physical function's requester ID to the first, and from each to the next.</param>
    /// <param name="layout">What each of them is.</param>
    /// <param name="addresses">Where the first one's BARs lie, by their indices.</param>
    public void AddVirtualFunctions(int count, (ushort First, ushort Stride) offsets, FunctionLayout layout, IReadOnlyDictionary<int, ulong> addresses)
    {
        int at = Add(ExtendedCapabilityId.SrIov, 0x40);
        Set16(at + 0x08, 0x19); // virtual functions, their memory space, alternative routing: all on
        Set16(at + 0x0C, (ushort)count);
        Set16(at + 0x0E, (ushort)count);
        Set16(at + 0x10, (ushort)count);
        Set16(at + 0x14, offsets.First);
        Set16(at + 0x16, offsets.Stride);
        Set16(at + 0x1A, layout.Identity.DeviceId);
        Set32(at + 0x1C, 0x553); // the page sizes that must be supported (9.3.3.12)
        Set32(at + 0x20, 1); // 4 KiB
        foreach (BarLayout bar in layout.Bars)
        {
            int register = at + 0x24 + (4 * bar.Index);
            ulong address = addresses.GetValueOrDefault(bar.Index);
            Set32(register, (uint)address | (bar.Kind == BarKind.Memory64 ? 4u : 0) | (bar.IsPrefetchable ? 8u : 0));
            if (bar.Kind == BarKind.Memory64)
            {
                Set32(register + 4, (uint)(address >> 32));
            }
        }
    }

    private int Add(ExtendedCapabilityId id, int length)
    {
        int at = next;
        Set32(at, (ushort)id | (1u << 16));
        if (last >= 0)
        {
            Set32(last, BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(last)) | ((uint)(First + at) << 20));
        }

        last = at;
        next = at + length;
        return at;
    }

    private void Set16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(offset), value);

    private void Set32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(offset), value);
}
