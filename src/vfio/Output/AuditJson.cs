using System.Globalization;
using System.Text.Json;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Cli.Output;

/// <summary>The audit as JSON: schema <c>vfiosharp.audit/1</c>, described field by field in docs/json.md. Absent things are null.</summary>
internal static class AuditJson
{
    public const string Schema = "vfiosharp.audit/1";

    public static void Write(Utf8JsonWriter json, HostAudit audit)
    {
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        WriteHost(json, audit);
        json.WriteStartArray("hostBridges");
        foreach (PciHostBridge bridge in audit.Topology.HostBridges)
        {
            json.WriteStartObject();
            json.WriteString("bus", bridge.RootBus.ToString());
            json.WriteBoolean("msiIsolated", bridge.RootBus.HasIsolatedMsis);
            WriteFindings(json, bridge.Findings);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("functions");
        foreach (FunctionAudit function in audit.Functions)
        {
            WriteFunction(json, function, audit.Host);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The object <c>table</c>: what was decided about the BAR that holds the table.</summary>
    public static void WriteDecision(Utf8JsonWriter json, MsixTableDecision decision)
    {
        json.WriteStartObject();
        json.WriteString("access", Camel(decision.Access));
        json.WriteString("reason", Camel(decision.Reason));
        WriteRanges(json, "mapped", decision.Mapped);
        WriteRanges(json, "trapped", decision.Trapped);
        json.WriteString("explain", decision.Explain());
        json.WriteEndObject();
    }

    /// <summary>The objects <c>msix</c> and <c>table</c>, or null for each.</summary>
    public static void WriteTable(Utf8JsonWriter json, MsixGeometry? msix, MsixTableDecision? table)
    {
        json.WritePropertyName("msix");
        if (msix is not null)
        {
            WriteMsix(json, msix);
        }
        else
        {
            json.WriteNullValue();
        }

        json.WritePropertyName("table");
        if (table is not null)
        {
            WriteDecision(json, table);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    /// <summary>The array <c>findings</c> of configuration space.</summary>
    public static void WriteFindings(Utf8JsonWriter json, IEnumerable<ConfigurationFinding> findings)
    {
        json.WriteStartArray("findings");
        foreach (ConfigurationFinding finding in findings)
        {
            json.WriteStartObject();
            json.WriteNumber("offset", finding.Offset);
            json.WriteString("text", finding.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>An array of ranges.</summary>
    public static void WriteRanges(Utf8JsonWriter json, string name, IEnumerable<ByteRange> ranges)
    {
        json.WriteStartArray(name);
        foreach (ByteRange range in ranges)
        {
            json.WriteStartObject();
            json.WriteNumber("offset", range.Offset);
            json.WriteNumber("length", range.Length);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static string Hex(uint value, int digits) => value.ToString($"x{digits}", CultureInfo.InvariantCulture);

    public static string Camel<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static void WriteHost(Utf8JsonWriter json, HostAudit audit)
    {
        HostEvidence host = audit.Host;
        json.WriteStartObject("host");
        json.WriteString("architecture", host.Architecture);
        json.WriteString("kernel", host.KernelRelease);
        json.WriteNumber("pageSize", audit.PageSize);
        json.WriteBoolean("pageSizeAssumed", host.PageSizeIsAssumed && audit.PageSize == host.PageSize);
        json.WriteBoolean("privileged", host.Privileged);
        json.WriteStartArray("unreadable");
        foreach (string path in host.Unreadable)
        {
            json.WriteStringValue(path);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteFunction(Utf8JsonWriter json, FunctionAudit function, HostEvidence host)
    {
        FunctionEvidence evidence = function.Evidence;
        json.WriteStartObject();
        json.WriteString("address", function.Address.ToString());
        json.WriteString("vendorId", Hex(evidence.VendorId, 4));
        json.WriteString("deviceId", Hex(evidence.DeviceId, 4));
        json.WriteString("classCode", Hex(evidence.ClassCode, 6));
        json.WriteString("name", FunctionNames.DeviceName(host, evidence));
        json.WriteString("className", FunctionNames.ClassName(evidence));
        json.WriteString("driver", evidence.Driver);
        WriteNullable(json, "iommuGroup", evidence.IommuGroup);
        json.WriteString("physicalFunction", evidence.PhysicalFunction?.ToString());
        json.WriteBoolean("assignable", function.Assignability.IsAssignable);
        json.WriteStartArray("blockers");
        foreach (string blocker in function.Assignability.Blockers)
        {
            json.WriteStringValue(blocker);
        }

        json.WriteEndArray();
        json.WriteString("notAssignable", function.Assignability.Explanation);
        WriteNullable(json, "kernelAccepts", function.Isolation.KernelAccepts);
        WriteIsolation(json, function);
        WriteTable(json, function.Msix, function.Table);
        WriteFindings(json, function.Findings);
        json.WriteEndObject();
    }

    private static void WriteIsolation(Utf8JsonWriter json, FunctionAudit function)
    {
        IsolationAssessment isolation = function.Isolation;
        json.WriteStartObject("isolation");
        json.WriteString("verdict", Camel(isolation.Verdict));
        WriteNullable(json, "advertised", isolation.Advertised);
        WriteNullable(json, "inUse", isolation.InUse);
        json.WriteString("platform", isolation.Platform);
        json.WriteBoolean("busFlag", function.Node.Bus.HasIsolatedMsis);
        WriteFindings(json, isolation.Findings);
        json.WriteString("reason", isolation.Reason);
        json.WriteString("advice", isolation.Advice);
        json.WriteEndObject();
    }

    private static void WriteMsix(Utf8JsonWriter json, MsixGeometry msix)
    {
        // The PBA as it really lies: known quirks corrected.
        json.WriteStartObject();
        json.WriteNumber("vectors", msix.Capability.Vectors);
        json.WriteNumber("tableBar", msix.TableBar);
        json.WriteNumber("tableOffset", msix.Capability.TableOffset);
        json.WriteNumber("pbaBar", msix.PbaBar);
        json.WriteNumber("pbaOffset", msix.Pba?.Offset ?? msix.Capability.PbaOffset);
        json.WriteEndObject();
    }

    private static void WriteFindings(Utf8JsonWriter json, IEnumerable<IsolationFinding> findings)
    {
        json.WriteStartArray("findings");
        foreach (IsolationFinding finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("source", finding.Source);
            json.WriteString("text", finding.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>A truth, or null.</summary>
    public static void WriteNullable(Utf8JsonWriter json, string name, bool? value)
    {
        if (value is { } known)
        {
            json.WriteBoolean(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>A number, or null.</summary>
    public static void WriteNullable(Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
