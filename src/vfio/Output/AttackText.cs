using System.Globalization;
using System.Text.Json;
using VfioSharp.VirtualHost.Attacks;

namespace VfioSharp.Cli.Output;

/// <summary>What an attack reached, for a person or (schema <c>vfiosharp.attack/1</c>, docs/json.md) for a program.</summary>
internal static class AttackText
{
    public const string Schema = "vfiosharp.attack/1";

    public static void Write(TextWriter output, AttackReport report)
    {
        foreach (FunctionAttack function in report.Functions)
        {
            string group = function.Group is { } number ? string.Create(CultureInfo.InvariantCulture, $"group {number}") : "no group";
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{function.Attacker} ({group}): {function.Attempts} messages tried against {function.Victims} interrupt{(function.Victims == 1 ? "" : "s")} of others: {function.Blocked} blocked, {function.Own} its own group's, {function.Unassigned} nobody's, {function.Breaches} got through"));
            foreach (Breach breach in function.Shown)
            {
                output.WriteLine("  " + Describe(breach));
            }

            if (function.Breaches > function.Shown.Length)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  … and {function.Breaches - function.Shown.Length} more"));
            }
        }

        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Attempts} messages tried, {report.Blocked} blocked, {report.Breaches} raised an interrupt of another group."));
    }

    public static void WriteJson(Utf8JsonWriter json, AttackReport report)
    {
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WriteNumber("attempts", report.Attempts);
        json.WriteNumber("blocked", report.Blocked);
        json.WriteNumber("breaches", report.Breaches);
        json.WriteStartArray("functions");
        foreach (FunctionAttack function in report.Functions)
        {
            json.WriteStartObject();
            json.WriteString("address", function.Attacker.ToString());
            AuditJson.WriteNullable(json, "group", function.Group);
            json.WriteNumber("victims", function.Victims);
            json.WriteNumber("attempts", function.Attempts);
            json.WriteNumber("blocked", function.Blocked);
            json.WriteNumber("ownGroup", function.Own);
            json.WriteNumber("unassigned", function.Unassigned);
            json.WriteNumber("breaches", function.Breaches);
            json.WriteStartArray("shown");
            foreach (Breach breach in function.Shown)
            {
                json.WriteStartObject();
                json.WriteString("way", AuditJson.Camel(breach.Way));
                json.WriteString("address", string.Create(CultureInfo.InvariantCulture, $"0x{breach.Address:x}"));
                json.WriteString("data", string.Create(CultureInfo.InvariantCulture, $"0x{breach.Data:x}"));
                json.WriteString("victim", breach.Victim.ToString());
                json.WriteNumber("vector", breach.Vector);
                json.WriteString("interrupt", breach.Interrupt.ToString());
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Describe(Breach breach)
    {
        string how = breach.Way switch
        {
            AttackWay.Dma => "by DMA it writes",
            AttackWay.MsixTable => "its MSI-X table says to write",
            _ => "with the host's tables changed by DMA, its own message",
        };
        return string.Create(CultureInfo.InvariantCulture,
            $"{how} 0x{breach.Data:x} to 0x{breach.Address:x}: interrupt {breach.Interrupt}, which is vector {breach.Vector} of {breach.Victim}");
    }
}
