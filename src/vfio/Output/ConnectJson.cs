using System.Text.Json;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Naming;
using VfioSharp.VfioUser;

namespace VfioSharp.Cli.Output;

/// <summary>A served function as JSON: schema <c>vfiosharp.connect/1</c> (docs/json.md).</summary>
internal static class ConnectJson
{
    public const string Schema = "vfiosharp.connect/1";

    public static void Write(Utf8JsonWriter json, ServedFunction function, uint pageSize, IReadOnlyList<MsixTableDecision> atPageSizes)
    {
        ConfigurationSpace configuration = function.Configuration;
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WriteString("socket", function.Name);
        json.WriteString("vendorId", AuditJson.Hex(configuration.VendorId, 4));
        json.WriteString("deviceId", AuditJson.Hex(configuration.DeviceId, 4));
        json.WriteString("classCode", configuration.ClassCode.ToString());
        json.WriteString("className", ClassNames.Of(configuration.ClassCode));
        WriteServer(json, function);
        json.WriteBoolean("reset", function.CanReset);
        json.WriteBoolean("migration", function.CanMigrate);
        WriteRegions(json, function);
        WriteInterrupts(json, function);
        json.WriteNumber("pageSize", pageSize);
        AuditJson.WriteTable(json, function.Msix, function.DecideTable(pageSize));
        AuditJson.WriteFindings(json, ConnectReport.Findings(function));
        ShowJson.WriteBars(json, function.Bars);
        ShowJson.WriteCapabilities(json, configuration);
        ShowJson.WritePages(json, atPageSizes);
        json.WriteEndObject();
    }

    private static void WriteServer(Utf8JsonWriter json, ServedFunction function)
    {
        json.WriteStartObject("server");
        json.WriteString("version", function.Version.ToString());
        json.WriteNumber("maxMessageDescriptors", function.MaxMessageDescriptors);
        json.WriteNumber("maxDataTransfer", function.MaxDataTransfer);
        json.WriteNumber("maxDmaMaps", function.MaxDmaMaps);
        json.WriteStartArray("pageSizes");
        foreach (ulong size in ConnectReport.PageSizes(function))
        {
            json.WriteNumberValue(size);
        }

        json.WriteEndArray();
        json.WriteBoolean("twinSocket", function.HasTwinSocket);
        json.WriteBoolean("writeMultiple", function.TakesManyWrites);
        json.WriteEndObject();
    }

    private static void WriteRegions(Utf8JsonWriter json, ServedFunction function)
    {
        json.WriteStartArray("regions");
        foreach (ServedRegion region in function.Regions.Where(region => region.Length != 0))
        {
            json.WriteStartObject();
            json.WriteNumber("index", region.Index);
            json.WriteNumber("length", region.Length);
            json.WriteBoolean("readable", region.IsReadable);
            json.WriteBoolean("writable", region.IsWritable);
            json.WriteBoolean("mappable", region.IsMappable);
            if (region.Areas is { } areas)
            {
                AuditJson.WriteRanges(json, "areas", areas);
            }
            else
            {
                json.WriteNull("areas");
            }

            json.WriteBoolean("msixMappable", region.IsMsixMappable);
            json.WriteBoolean("usable", region.IsUsable);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteInterrupts(Utf8JsonWriter json, ServedFunction function)
    {
        json.WriteStartArray("interrupts");
        foreach (ServedInterrupt interrupt in function.Interrupts.Where(interrupt => interrupt.Count > 0))
        {
            json.WriteStartObject();
            json.WriteString("name", interrupt.Name);
            json.WriteNumber("count", interrupt.Count);
            json.WriteBoolean("eventfd", interrupt.IsSignalled);
            json.WriteBoolean("maskable", interrupt.IsMaskable);
            json.WriteBoolean("automasked", interrupt.IsAutomasked);
            json.WriteBoolean("noResize", !interrupt.CanGrow);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
