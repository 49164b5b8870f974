using System.Text.Json;
using VfioSharp.Cli.Fleet;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Cli.Output;

/// <summary>A host of a fleet as a line of JSON: schema <c>vfiosharp.fleet/1</c>, docs/json.md.</summary>
internal static class FleetJson
{
    public const string Schema = "vfiosharp.fleet/1";

    public static void Write(TextWriter output, FleetHost host) => JsonOutput.WriteLine(output, json =>
    {
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WriteString("host", host.Name);
        json.WriteString("architecture", host.Architecture);
        json.WriteString("kernel", host.Kernel);
        json.WriteNumber("pageSize", host.PageSize);
        json.WriteBoolean("privileged", host.IsPrivileged);
        json.WriteString("platform", host.Platform);
        json.WriteString("hardware", FleetGroup.HardwareOf(host));
        json.WriteString("verdict", AuditJson.Camel(host.Verdict));
        foreach (IsolationVerdict verdict in (IsolationVerdict[])[IsolationVerdict.Isolated, IsolationVerdict.NotIsolated, IsolationVerdict.Unknown])
        {
            json.WriteNumber(AuditJson.Camel(verdict), host.Count(verdict));
        }

        json.WriteStartArray("functions");
        foreach (FleetFunction function in host.Functions)
        {
            Write(json, function);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter json, FleetFunction function)
    {
        json.WriteStartObject();
        json.WriteString("address", function.Address);
        json.WriteString("id", function.Id);
        json.WriteString("kind", function.Kind);
        json.WriteString("driver", function.Driver);
        AuditJson.WriteNullable(json, "iommuGroup", function.Group);
        json.WriteString("verdict", AuditJson.Camel(function.Verdict));
        AuditJson.WriteNullable(json, "kernelAccepts", function.KernelAccepts);
        json.WriteString("platform", function.Platform);
        json.WriteString("table", function.Table);
        json.WriteBoolean("assignable", function.Assignable);
        json.WriteString("reason", function.Reason);
        json.WriteString("advice", function.Advice);
        json.WriteEndObject();
    }
}
