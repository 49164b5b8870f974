using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Acpi;

/// <summary>Reads the device entries of an IVHD block (AMD IOMMU specification 3.08, 5.2).</summary>
internal sealed class IvrsDeviceEntries
{
    private const int FirstVariableType = 0x80;
    private const int HidFixedSize = 22;
    private const int HidUidLengthOffset = 21;

    private readonly AcpiTableReader reader;
    private readonly List<IvrsDeviceRange> devices = [];
    private readonly List<IvrsSpecialDevice> specials = [];
    private (RequesterId First, RequesterId? Alias)? open;

    /// <summary>Reads the entries that begin <paramref name="start"/> bytes into the block.</summary>
    public IvrsDeviceEntries(AcpiTableReader reader, AcpiStructure block, int start)
    {
        this.reader = reader;
        int offset = start;
        while (offset < block.Length)
        {
            int at = block.Offset + offset;
            int length = LengthOf(block, offset);
            if (length == 0 || length > block.Length - offset)
            {
                reader.Incomplete(
                    $"the device entry at {AcpiTableReader.Hex(at)} is of an unknown type or cut off; the rest of its block was not read");
                break;
            }

            Read(new AcpiStructure(at, block.U8(offset), block.Bytes.Slice(offset, length)));
            offset += length;
        }

        if (open is not null)
        {
            reader.Note($"the IVHD block at {AcpiTableReader.Hex(block.Offset)} begins a range of functions that it does not end");
        }
    }

    /// <summary>The functions, in the block's order.</summary>
    public IReadOnlyList<IvrsDeviceRange> Devices => devices.AsReadOnly();

    /// <summary>The special devices, in the block's order.</summary>
    public IReadOnlyList<IvrsSpecialDevice> SpecialDevices => specials.AsReadOnly();

    // The two upper bits of the type are the size; from 80h on only F0h is defined, and it carries a length (ivhd_entry_length in
    // drivers/iommu/amd/init.c reads it the same way).
    private static int LengthOf(AcpiStructure block, int offset)
    {
        byte type = block.U8(offset);
        if (type < FirstVariableType)
        {
            return 4 << (type >> 6);
        }

        return type == (byte)IvrsEntryType.AcpiHid && block.Length - offset >= HidFixedSize
            ? HidFixedSize + block.U8(offset + HidUidLengthOffset)
            : 0;
    }

    private void Read(AcpiStructure entry)
    {
        var id = new RequesterId(entry.U16(1));
        switch ((IvrsEntryType)entry.Type)
        {
            case IvrsEntryType.All:
                devices.Add(new IvrsDeviceRange(new RequesterId(0), new RequesterId(ushort.MaxValue), null));
                break;
            case IvrsEntryType.Select or IvrsEntryType.ExtendedSelect or IvrsEntryType.AcpiHid:
                devices.Add(new IvrsDeviceRange(id, id, null));
                break;
            case IvrsEntryType.AliasSelect:
                devices.Add(new IvrsDeviceRange(id, id, new RequesterId(entry.U16(5))));
                break;
            case IvrsEntryType.RangeStart or IvrsEntryType.ExtendedRangeStart:
                open = (id, null);
                break;
            case IvrsEntryType.AliasRangeStart:
                open = (id, new RequesterId(entry.U16(5)));
                break;
            case IvrsEntryType.RangeEnd:
                EndRange(entry.Offset, id);
                break;
            case IvrsEntryType.Special:
                specials.Add(new IvrsSpecialDevice((IvrsSpecialDeviceKind)entry.U8(7), entry.U8(4), new RequesterId(entry.U16(5))));
                break;
            default:
                break; // padding, and what later revisions may add: its length is known, so it can be passed over
        }
    }

    private void EndRange(int offset, RequesterId last)
    {
        if (open is not { } start || last.Value < start.First.Value)
        {
            reader.Note($"the device entry at {AcpiTableReader.Hex(offset)} ends a range of functions that does not begin before it");
        }
        else
        {
            devices.Add(new IvrsDeviceRange(start.First, last, start.Alias));
        }

        open = null;
    }
}
