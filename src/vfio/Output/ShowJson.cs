using System.Text.Json;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Output;

/// <summary>One function as JSON: the audit's document for it, with BARs, capabilities and the decision at each page size added.</summary>
internal static class ShowJson
{
    public const string Schema = "vfiosharp.show/1";

    public static void Write(Utf8JsonWriter json, HostAudit audit, IReadOnlyList<MsixTableDecision> atPageSizes)
    {
        FunctionAudit function = audit.Functions[0];
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WritePropertyName("audit");
        AuditJson.Write(json, audit);
        json.WriteStartArray("requesterIds");
        foreach (Pci.Addressing.RequesterId id in function.Node.RequesterIds)
        {
            json.WriteStringValue(id.ToString());
        }

        json.WriteEndArray();
        WriteBars(json, function.Bars);
        WriteCapabilities(json, function.Configuration);
        WritePages(json, atPageSizes);
        json.WriteEndObject();
    }

    /// <summary>The array <c>bars</c>.</summary>
    public static void WriteBars(Utf8JsonWriter json, BarSet bars)
    {
        json.WriteStartArray("bars");
        foreach (BarResource bar in bars.Where(bar => bar.IsImplemented))
        {
            json.WriteStartObject();
            json.WriteNumber("index", bar.Index);
            json.WriteString("kind", AuditJson.Camel(bar.Kind));
            json.WriteBoolean("prefetchable", bar.IsPrefetchable);
            json.WriteNumber("address", bar.Address);
            json.WriteNumber("length", bar.Length);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The array <c>capabilities</c>.</summary>
    public static void WriteCapabilities(Utf8JsonWriter json, ConfigurationSpace configuration)
    {
        json.WriteStartArray("capabilities");
        foreach (PciCapability capability in configuration.Capabilities.All)
        {
            json.WriteStartObject();
            json.WriteNumber("id", capability.RawId);
            json.WriteBoolean("extended", capability.IsExtended);
            json.WriteNumber("offset", capability.Offset);
            json.WriteNumber("version", capability.Version);
            json.WriteString("name", capability.Name);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The array <c>pages</c>.</summary>
    public static void WritePages(Utf8JsonWriter json, IEnumerable<MsixTableDecision> decisions)
    {
        json.WriteStartArray("pages");
        foreach (MsixTableDecision decision in decisions)
        {
            json.WriteStartObject();
            json.WriteNumber("pageSize", decision.Question.PageSize);
            json.WritePropertyName("table");
            AuditJson.WriteDecision(json, decision);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
