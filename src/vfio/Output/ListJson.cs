using System.Globalization;
using System.Text.Json;
using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Cli.Output;

/// <summary>The list of bindings for a program (docs/json.md).</summary>
internal static class ListJson
{
    public const string Schema = "vfiosharp.list/1";

    public static void Write(Utf8JsonWriter json, HostEvidence host, IEnumerable<FunctionBinding> functions)
    {
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WriteStartArray("functions");
        foreach (FunctionBinding function in functions)
        {
            WriteFunction(json, host, function);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteFunction(Utf8JsonWriter json, HostEvidence host, FunctionBinding function)
    {
        FunctionEvidence evidence = function.Evidence;
        json.WriteStartObject();
        json.WriteString("address", function.Address.ToString());
        json.WriteString("vendorId", evidence.VendorId.ToString("x4", CultureInfo.InvariantCulture));
        json.WriteString("deviceId", evidence.DeviceId.ToString("x4", CultureInfo.InvariantCulture));
        json.WriteString("name", FunctionNames.DeviceName(host, evidence));
        json.WriteString("driver", evidence.Driver);
        json.WriteString("formerDriver", function.FormerDriver);
        json.WriteString("driverOverride", function.DriverOverride);
        json.WriteBoolean("bound", function.IsBound);
        json.WriteBoolean("candidate", function.IsCandidate);
        json.WritePropertyName("iommuGroup");
        if (evidence.IommuGroup is { } group)
        {
            json.WriteNumberValue(group);
        }
        else
        {
            json.WriteNullValue();
        }

        json.WriteBoolean("assignable", function.Assignability.IsAssignable);
        WriteStrings(json, "blockers", function.Assignability.Blockers);
        json.WriteString("notAssignable", function.Assignability.Explanation);
        WriteStrings(json, "nodes", function.Nodes);
        json.WriteStartArray("holders");
        foreach (VfioHolder holder in function.Holders)
        {
            json.WriteStartObject();
            json.WriteNumber("processId", holder.ProcessId);
            json.WriteString("command", holder.Command);
            json.WriteString("file", holder.File);
            json.WriteBoolean("certain", holder.IsCertain);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteStrings(json, "uses", function.Uses);
        json.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
