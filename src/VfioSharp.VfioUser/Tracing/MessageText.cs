using System.Globalization;
using System.Text;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Regions;
using VfioSharp.Devices.Seam;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tracing;

/// <summary>A message as a person reads it: its name, what it is about, the bytes where there are few.</summary>
internal static class MessageText
{
    private const int ShownBytes = 32;

    /// <summary>Describes a message, whatever is in it.</summary>
    public static string Describe(MessageHeader header, ReadOnlySpan<byte> payload, int descriptors)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{NameOf(header.Command)}{(header.IsReply ? " reply" : "")} #{header.Id}");
        if (header.IsReply && header.IsError)
        {
            text.Append(CultureInfo.InvariantCulture, $" error {(Errno)header.Error}");
        }
        else if (!DescribePayload(text, header, payload))
        {
            AppendBytes(text, payload);
        }

        if (!header.WantsReply && header.IsCommand)
        {
            text.Append(" no reply");
        }

        if (descriptors > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" +{descriptors} fd");
        }

        return text.ToString();
    }

    /// <summary>A command's name in the specification, without its prefix.</summary>
    public static string NameOf(MessageCommand command) => command switch
    {
        MessageCommand.Version => "VERSION",
        MessageCommand.DmaMap => "DMA_MAP",
        MessageCommand.DmaUnmap => "DMA_UNMAP",
        MessageCommand.DeviceGetInfo => "DEVICE_GET_INFO",
        MessageCommand.DeviceGetRegionInfo => "DEVICE_GET_REGION_INFO",
        MessageCommand.DeviceGetRegionIoFds => "DEVICE_GET_REGION_IO_FDS",
        MessageCommand.DeviceGetIrqInfo => "DEVICE_GET_IRQ_INFO",
        MessageCommand.DeviceSetIrqs => "DEVICE_SET_IRQS",
        MessageCommand.RegionRead => "REGION_READ",
        MessageCommand.RegionWrite => "REGION_WRITE",
        MessageCommand.DmaRead => "DMA_READ",
        MessageCommand.DmaWrite => "DMA_WRITE",
        MessageCommand.DeviceReset => "DEVICE_RESET",
        MessageCommand.RegionWriteMulti => "REGION_WRITE_MULTI",
        MessageCommand.DeviceFeature => "DEVICE_FEATURE",
        MessageCommand.MigrationDataRead => "MIG_DATA_READ",
        MessageCommand.MigrationDataWrite => "MIG_DATA_WRITE",
        _ => $"command {(ushort)command}",
    };

    private static bool DescribePayload(StringBuilder text, MessageHeader header, ReadOnlySpan<byte> payload)
    {
        var reader = new MessageReader(payload);
        CultureInfo culture = CultureInfo.InvariantCulture;
        switch (header.Command)
        {
            case MessageCommand.Version when reader.TryRead(out VersionHeader version):
                text.Append(culture, $" {version.Major}.{version.Minor} ");
                AppendText(text, reader.Rest.TrimEnd((byte)0));
                return true;
            case MessageCommand.DmaMap when reader.TryRead(out DmaMapRequest map):
                text.Append(culture, $" 0x{map.Address:x}+0x{map.Size:x} {Access(map.Flags)} file offset 0x{map.Offset:x}");
                return true;
            case MessageCommand.DmaUnmap when reader.TryRead(out VfioIommuType1DmaUnmap unmap):
                text.Append(culture, $" 0x{unmap.iova:x}+0x{unmap.size:x}{(unmap.flags == 0 ? "" : $" flags 0x{unmap.flags:x}")}");
                return true;
            case MessageCommand.DeviceGetInfo when reader.TryRead(out DeviceInfo info):
                text.Append(culture, $" argsz {info.ArgumentSize} flags 0x{info.Flags:x} regions {info.Regions} irqs {info.Interrupts}");
                return true;
            case MessageCommand.DeviceGetRegionInfo when reader.TryRead(out VfioRegionInfo region):
                DescribeRegion(text, header, region, payload);
                return true;
            case MessageCommand.DeviceGetRegionIoFds when reader.TryRead(out RegionIoFds fds):
                text.Append(culture, $" {Region(fds.Index)} count {fds.Count} argsz {fds.ArgumentSize}");
                return true;
            case MessageCommand.DeviceGetIrqInfo when reader.TryRead(out VfioIrqInfo irq):
                text.Append(culture, $" {Kind(irq.index)} count {irq.count} flags 0x{irq.flags:x}");
                return true;
            case MessageCommand.DeviceSetIrqs when reader.TryRead(out VfioIrqSet set):
                text.Append(culture, $" {Kind(set.index)} {set.start}+{set.count} {Flags(set.flags)}");
                AppendBytes(text, reader.Rest);
                return true;
            case MessageCommand.RegionRead or MessageCommand.RegionWrite when reader.TryRead(out RegionAccess access):
                text.Append(culture, $" {Region(access.Region)} 0x{access.Offset:x}+{access.Count}");
                AppendBytes(text, reader.Rest);
                return true;
            case MessageCommand.DmaRead or MessageCommand.DmaWrite when reader.TryRead(out MemoryAccess memory):
                text.Append(culture, $" 0x{memory.Address:x}+{memory.Count}");
                AppendBytes(text, reader.Rest);
                return true;
            case MessageCommand.RegionWriteMulti when reader.TryRead(out ulong count):
                text.Append(culture, $" count {count}");
                while (reader.TryRead(out WriteEntry entry))
                {
                    text.Append(culture, $" {Region(entry.Region)} 0x{entry.Offset:x}+{entry.Count} = 0x{entry.Data:x}");
                }

                return true;
            case MessageCommand.DeviceFeature when reader.TryRead(out VfioDeviceFeature feature):
                text.Append(culture, $" {Feature(feature.flags)} argsz {feature.argsz}");
                AppendBytes(text, reader.Rest);
                return true;
            case MessageCommand.MigrationDataRead or MessageCommand.MigrationDataWrite when reader.TryRead(out MigrationData data):
                text.Append(culture, $" {data.Size} bytes");
                return true;
            default:
                return false;
        }
    }

    private static void DescribeRegion(StringBuilder text, MessageHeader header, VfioRegionInfo region, ReadOnlySpan<byte> payload)
    {
        text.Append(CultureInfo.InvariantCulture, $" {Region(region.index)} argsz {region.argsz}");
        if (!header.IsReply)
        {
            return;
        }

        text.Append(CultureInfo.InvariantCulture, $" size 0x{region.size:x} flags 0x{region.flags:x}");
        RegionCapabilities capabilities = RegionDescription.Read(payload).Capabilities;
        if (capabilities.Areas is { } areas)
        {
            text.Append(CultureInfo.InvariantCulture, $" sparse [{string.Join(", ", areas)}]");
        }

        if (capabilities.IsMsixMappable)
        {
            text.Append(" msix-mappable");
        }
    }

    // Whoever sent it may have written what would look like lines of the trace, or steer a terminal.
    private static void AppendText(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        foreach (char character in Encoding.UTF8.GetString(bytes))
        {
            _ = character is >= ' ' and <= '~' ? text.Append(character) : text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
        }
    }

    private static void AppendBytes(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            text.Append(" [").Append(Convert.ToHexStringLower(bytes[..Math.Min(bytes.Length, ShownBytes)])).Append(bytes.Length > ShownBytes ? $"… {bytes.Length} bytes]" : "]");
        }
    }

    private static string Region(uint index) => index switch
    {
        < RegionIndex.Bars => $"BAR {index}",
        RegionIndex.Rom => "ROM",
        RegionIndex.Configuration => "config",
        _ => $"region {index}",
    };

    private static string Kind(uint index) => index <= (uint)InterruptKind.Request ? ((InterruptKind)index).Label : $"irq {index}";

    private static string Access(uint flags) => flags switch
    {
        1 => "read",
        2 => "write",
        3 => "read write",
        _ => $"flags 0x{flags:x}",
    };

    private static string Flags(uint flags)
    {
        var names = new List<string>();
        (uint Flag, string Name)[] known =
        [
            (VfioIrqSet.VFIO_IRQ_SET_DATA_NONE, "none"), (VfioIrqSet.VFIO_IRQ_SET_DATA_BOOL, "bool"), (VfioIrqSet.VFIO_IRQ_SET_DATA_EVENTFD, "eventfd"),
            (VfioIrqSet.VFIO_IRQ_SET_ACTION_MASK, "mask"), (VfioIrqSet.VFIO_IRQ_SET_ACTION_UNMASK, "unmask"), (VfioIrqSet.VFIO_IRQ_SET_ACTION_TRIGGER, "trigger"),
        ];
        foreach ((uint flag, string name) in known)
        {
            if ((flags & flag) != 0)
            {
                names.Add(name);
            }
        }

        uint rest = flags & ~0x3Fu;
        return string.Join('|', rest == 0 ? names : [.. names, $"0x{rest:x}"]);
    }

    private static string Feature(uint flags)
    {
        string name = (flags & VfioDeviceFeature.VFIO_DEVICE_FEATURE_MASK) switch
        {
            VfioDeviceFeature.VFIO_DEVICE_FEATURE_MIGRATION => "migration",
            VfioDeviceFeature.VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE => "migration state",
            VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_START => "log start",
            VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP => "log stop",
            VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT => "log report",
            uint other => $"feature {other}",
        };
        string get = (flags & VfioDeviceFeature.VFIO_DEVICE_FEATURE_GET) != 0 ? " get" : "";
        string set = (flags & VfioDeviceFeature.VFIO_DEVICE_FEATURE_SET) != 0 ? " set" : "";
        string probe = (flags & VfioDeviceFeature.VFIO_DEVICE_FEATURE_PROBE) != 0 ? " probe" : "";
        return name + get + set + probe;
    }
}
