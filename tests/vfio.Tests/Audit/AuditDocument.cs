using System.Text.Json;
using System.Text.RegularExpressions;

namespace VfioSharp.Cli.Tests.Audit;

/// <summary>The contract of schema vfiosharp.audit/1, as docs/json.md states it: every field is there, with a value of its type.</summary>
internal static class AuditDocument
{
    private static readonly string[] Reasons =
    [
        "backendCannotMap", "notInThisBar", "backendHidesTable", "policyForbids", "msisIsolated", "riskAccepted", "msisNotIsolated", "isolationUnknown",
    ];

    /// <summary>Checks the whole document.</summary>
    public static void Check(JsonElement document)
    {
        document.GetProperty("schema").GetString().ShouldBe("vfiosharp.audit/1");
        JsonElement host = document.GetProperty("host");
        Text(host, "architecture", nullable: true);
        Text(host, "kernel", nullable: true);
        Number(host, "pageSize");
        Flag(host, "pageSizeAssumed");
        Flag(host, "privileged");
        Texts(host, "unreadable");
        foreach (JsonElement bridge in document.GetProperty("hostBridges").EnumerateArray())
        {
            Matches(bridge, "bus", "^[0-9a-f]{4,8}:[0-9a-f]{2}$");
            Flag(bridge, "msiIsolated");
            Findings(bridge);
        }

        foreach (JsonElement function in document.GetProperty("functions").EnumerateArray())
        {
            CheckFunction(function);
        }
    }

    /// <summary>Checks the object <c>table</c>, which is also the whole document of a plan.</summary>
    public static void CheckTable(JsonElement table)
    {
        Text(table, "access").ShouldBeOneOf("mapped", "trapped");
        Text(table, "reason").ShouldBeOneOf(Reasons);
        Ranges(table, "mapped");
        Ranges(table, "trapped");
        Text(table, "explain").ShouldEndWith(".");
    }

    /// <summary>The ranges of a decision's list, in the order they have.</summary>
    public static IReadOnlyList<(ulong Offset, ulong Length)> Ranges(JsonElement table, string list) =>
        [.. table.GetProperty(list).EnumerateArray().Select(range => (range.GetProperty("offset").GetUInt64(), range.GetProperty("length").GetUInt64()))];

    private static void CheckFunction(JsonElement function)
    {
        Matches(function, "address", "^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f][.][0-7]$");
        Matches(function, "vendorId", "^[0-9a-f]{4}$");
        Matches(function, "deviceId", "^[0-9a-f]{4}$");
        Matches(function, "classCode", "^[0-9a-f]{6}$");
        Text(function, "name", nullable: true);
        Text(function, "className");
        Text(function, "driver", nullable: true);
        Number(function, "iommuGroup", nullable: true);
        Text(function, "physicalFunction", nullable: true);
        bool assignable = Flag(function, "assignable")!.Value;
        IReadOnlyList<string> blockers = Texts(function, "blockers");
        string? notAssignable = Text(function, "notAssignable", nullable: true);
        (notAssignable is null).ShouldBe(assignable);
        (assignable && blockers.Count > 0).ShouldBeFalse();
        Flag(function, "kernelAccepts", nullable: true);

        JsonElement isolation = function.GetProperty("isolation");
        Text(isolation, "verdict").ShouldBeOneOf("isolated", "notIsolated", "unknown");
        Flag(isolation, "advertised", nullable: true);
        Flag(isolation, "inUse", nullable: true);
        Text(isolation, "platform");
        Flag(isolation, "busFlag");
        Findings(isolation);
        isolation.GetProperty("findings").GetArrayLength().ShouldBeGreaterThan(0, "a verdict without a reason");
        Text(isolation, "reason", nullable: true);
        Text(isolation, "advice", nullable: true);

        JsonElement msix = function.GetProperty("msix");
        if (msix.ValueKind != JsonValueKind.Null)
        {
            Number(msix, "vectors")!.Value.ShouldBeInRange(1ul, 2048ul);
            Number(msix, "tableBar")!.Value.ShouldBeInRange(0ul, 7ul);
            Number(msix, "tableOffset");
            Number(msix, "pbaBar")!.Value.ShouldBeInRange(0ul, 7ul);
            Number(msix, "pbaOffset");
        }

        JsonElement table = function.GetProperty("table");
        if (table.ValueKind != JsonValueKind.Null)
        {
            msix.ValueKind.ShouldBe(JsonValueKind.Object);
            CheckTable(table);
        }

        foreach (JsonElement finding in function.GetProperty("findings").EnumerateArray())
        {
            Number(finding, "offset");
            Text(finding, "text").ShouldNotBeEmpty();
        }
    }

    private static void Findings(JsonElement owner)
    {
        foreach (JsonElement finding in owner.GetProperty("findings").EnumerateArray())
        {
            Text(finding, "source").ShouldNotBeEmpty();
            Text(finding, "source").ShouldNotStartWith("/");
            Text(finding, "text").ShouldNotBeEmpty();
        }
    }

    private static string? Text(JsonElement owner, string name, bool nullable)
    {
        JsonElement value = owner.GetProperty(name);
        if (nullable && value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        value.ValueKind.ShouldBe(JsonValueKind.String, name);
        return value.GetString();
    }

    private static string Text(JsonElement owner, string name) => Text(owner, name, nullable: false)!;

    private static void Matches(JsonElement owner, string name, string pattern) => Regex.IsMatch(Text(owner, name), pattern)
        .ShouldBeTrue($"{name}: {Text(owner, name)}");

    private static IReadOnlyList<string> Texts(JsonElement owner, string name)
    {
        JsonElement list = owner.GetProperty(name);
        list.ValueKind.ShouldBe(JsonValueKind.Array, name);
        list.EnumerateArray().ShouldAllBe(item => item.ValueKind == JsonValueKind.String);
        return [.. list.EnumerateArray().Select(item => item.GetString()!)];
    }

    private static bool? Flag(JsonElement owner, string name, bool nullable = false)
    {
        JsonElement value = owner.GetProperty(name);
        if (nullable && value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        value.ValueKind.ShouldBeOneOf(JsonValueKind.True, JsonValueKind.False);
        return value.GetBoolean();
    }

    private static ulong? Number(JsonElement owner, string name, bool nullable = false)
    {
        JsonElement value = owner.GetProperty(name);
        if (nullable && value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        value.ValueKind.ShouldBe(JsonValueKind.Number, name);
        return value.GetUInt64();
    }
}
