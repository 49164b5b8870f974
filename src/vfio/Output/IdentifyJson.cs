using System.Text.Json;
using VfioSharp.Cli.Nvme;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Output;

/// <summary>An NVMe controller as JSON: schema <c>vfiosharp.nvme/1</c>, docs/json.md.</summary>
internal static class IdentifyJson
{
    public const string Schema = "vfiosharp.nvme/1";

    public static void Write(Utf8JsonWriter json, NvmeSession session, NvmeHealth health)
    {
        NvmeControllerInfo controller = session.Driver.Controller;
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WriteString("name", session.Function.Name);
        json.WriteString("model", controller.Model);
        json.WriteString("serialNumber", controller.SerialNumber);
        json.WriteString("firmware", controller.Firmware);
        json.WriteString("version", controller.Version.ToString());
        json.WriteString("vendorId", AuditJson.Hex(controller.VendorId, 4));
        json.WriteString("subsystem", controller.SubsystemName);
        json.WriteNumber("queues", controller.QueueCount);
        json.WriteNumber("queueEntries", controller.MaxQueueEntries);
        json.WriteNumber("vectors", controller.VectorCount);
        json.WriteNumber("maxTransferLength", controller.MaxTransferLength);
        json.WriteBoolean("writeCache", controller.HasWriteCache);
        json.WriteBoolean("canCompare", controller.CanCompare);
        json.WriteBoolean("canDeallocate", controller.CanDeallocate);
        json.WriteBoolean("canWriteZeroes", controller.CanWriteZeroes);
        json.WriteBoolean("doorbellsMapped", controller.DoorbellsMapped);
        json.WriteBoolean("shadowDoorbells", controller.UsesShadowDoorbells);
        WriteHealth(json, health);
        json.WritePropertyName("table");
        if (session.Decision is { } decision)
        {
            AuditJson.WriteDecision(json, decision);
        }
        else
        {
            json.WriteNullValue();
        }

        json.WriteStartArray("namespaces");
        foreach (NvmeNamespaceInfo each in session.Driver.Namespaces)
        {
            json.WriteStartObject();
            json.WriteNumber("id", each.Id);
            json.WriteNumber("blockSize", each.BlockSize);
            json.WriteNumber("blocks", each.BlockCount);
            json.WriteNumber("length", each.Length);
            json.WriteBoolean("writeProtected", each.IsWriteProtected);
            json.WriteString("nguid", each.Nguid);
            json.WriteString("eui64", each.Eui64);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    // Counts have 128 bits: more than a reader's numbers may bear, and so strings.
    private static void WriteHealth(Utf8JsonWriter json, NvmeHealth health)
    {
        json.WriteStartObject("health");
        json.WriteNumber("criticalWarning", health.CriticalWarning);
        json.WriteNumber("temperature", health.Temperature);
        json.WriteNumber("availableSpare", health.AvailableSpare);
        json.WriteNumber("percentageUsed", health.PercentageUsed);
        foreach ((string name, UInt128 count) in ((string, UInt128)[])
        [
            ("dataUnitsRead", health.DataUnitsRead), ("dataUnitsWritten", health.DataUnitsWritten), ("readCommands", health.ReadCommands),
            ("writeCommands", health.WriteCommands), ("powerCycles", health.PowerCycles), ("powerOnHours", health.PowerOnHours),
            ("unsafeShutdowns", health.UnsafeShutdowns), ("mediaErrors", health.MediaErrors), ("errorLogEntries", health.ErrorLogEntries),
        ])
        {
            json.WriteString(name, count.ToString());
        }

        json.WriteEndObject();
    }
}
