using System.Text.Json;
using VfioSharp.Cli.Fleet;

namespace VfioSharp.Cli.Output;

/// <summary>What differs between two audits as JSON: schema <c>vfiosharp.diff/1</c>, docs/json.md.</summary>
internal static class DifferenceJson
{
    public const string Schema = "vfiosharp.diff/1";

    public static void Write(Utf8JsonWriter json, HostDifference difference)
    {
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WriteString("before", difference.Before.Name);
        json.WriteString("after", difference.After.Name);
        Write(json, "host", difference.Host);
        json.WriteStartArray("functions");
        foreach (FunctionChange change in difference.Functions)
        {
            json.WriteStartObject();
            json.WriteString("address", change.Function.Address);
            json.WriteString("change", change.Before is null ? "new" : change.After is null ? "gone" : "different");
            json.WriteString("isolation", change.Direction < 0 ? "less" : change.Direction > 0 ? "more" : "same");
            Write(json, "fields", change.Fields);
            json.WriteString("reason", change.Function.Reason);
            json.WriteString("advice", change.Function.Advice);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("unchanged", difference.Unchanged);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<FieldChange> changes)
    {
        json.WriteStartArray(name);
        foreach (FieldChange change in changes)
        {
            json.WriteStartObject();
            json.WriteString("field", change.Field);
            json.WriteString("before", change.Before);
            json.WriteString("after", change.After);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
