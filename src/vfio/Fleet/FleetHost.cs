using System.Collections.Immutable;
using System.Text.Json;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Cli.Fleet;

/// <summary>A host's audit, as far as hosts are compared: from its snapshot, or from what <c>vfio audit --json</c> printed there.</summary>
internal sealed record FleetHost
{
    /// <summary>What it is called: its file's name.</summary>
    public required string Name { get; init; }

    /// <summary>As <c>uname -m</c> prints it; null where nothing tells.</summary>
    public string? Architecture { get; init; }

    /// <summary>The kernel's release; null where nothing tells.</summary>
    public string? Kernel { get; init; }

    /// <summary>The page size that decisions were made for, in bytes.</summary>
    public long PageSize { get; init; }

    /// <summary>Whether the evidence was read with the privilege to see all of it.</summary>
    public bool IsPrivileged { get; init; }

    /// <summary>Its functions, by address.</summary>
    public ImmutableArray<FleetFunction> Functions { get; init; } = [];

    /// <summary>The verdict on all of it: the worst of its functions'.</summary>
    public IsolationVerdict Verdict =>
        Functions.Any(function => function.Verdict == IsolationVerdict.NotIsolated) ? IsolationVerdict.NotIsolated
        : Functions.Any(function => function.Verdict == IsolationVerdict.Unknown) ? IsolationVerdict.Unknown : IsolationVerdict.Isolated;

    /// <summary>The platforms that its functions signal through.</summary>
    public string Platform => string.Join(", ", Functions.Select(function => function.Platform).Distinct().Order(StringComparer.Ordinal));

    /// <summary>How many functions have that verdict.</summary>
    public int Count(IsolationVerdict verdict) => Functions.Count(function => function.Verdict == verdict);

    /// <summary>Takes an audit that was just made.</summary>
    public static FleetHost Of(string name, HostAudit audit) => new()
    {
        Name = name,
        Architecture = audit.Host.Architecture,
        Kernel = audit.Host.KernelRelease,
        PageSize = audit.PageSize,
        IsPrivileged = audit.Host.Privileged,
        Functions = [.. audit.Functions.Select(function => new FleetFunction
        {
            Address = function.Address.ToString(),
            Id = $"{AuditJson.Hex(function.Evidence.VendorId, 4)}:{AuditJson.Hex(function.Evidence.DeviceId, 4)}",
            Kind = FunctionNames.DeviceName(audit.Host, function.Evidence) ?? FunctionNames.ClassName(function.Evidence),
            Driver = function.Evidence.Driver,
            Group = function.Evidence.IommuGroup,
            Verdict = function.Isolation.Verdict,
            KernelAccepts = function.Isolation.KernelAccepts,
            Platform = function.Isolation.Platform,
            Reason = function.Isolation.Reason,
            Advice = function.Isolation.Advice,
            Table = function.Table is { } table ? AuditJson.Camel(table.Access) : null,
            Assignable = function.Assignability.IsAssignable,
        })],
    };

    /// <summary>Reads what <c>vfio audit --json</c> printed.</summary>
    /// <exception cref="InvalidDataException">It is something else; the message says what is missing.</exception>
    public static FleetHost Parse(string name, JsonElement document)
    {
        try
        {
            if (document.ValueKind != JsonValueKind.Object || !document.TryGetProperty("schema", out JsonElement schema) || schema.GetString() != AuditJson.Schema)
            {
                throw new InvalidDataException($"it is no document of schema {AuditJson.Schema}");
            }

            JsonElement host = document.GetProperty("host");
            return new FleetHost
            {
                Name = name,
                Architecture = host.GetProperty("architecture").GetString(),
                Kernel = host.GetProperty("kernel").GetString(),
                PageSize = host.GetProperty("pageSize").GetInt64(),
                IsPrivileged = host.GetProperty("privileged").GetBoolean(),
                Functions = [.. document.GetProperty("functions").EnumerateArray().Select(ParseFunction)],
            };
        }
        catch (Exception problem) when (problem is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"it says that it is of schema {AuditJson.Schema}, and is not: {problem.Message}", problem);
        }
    }

    private static FleetFunction ParseFunction(JsonElement function)
    {
        JsonElement isolation = function.GetProperty("isolation");
        JsonElement table = function.GetProperty("table");
        return new FleetFunction
        {
            Address = function.GetProperty("address").GetString() ?? throw new FormatException("a function without an address"),
            Id = $"{function.GetProperty("vendorId").GetString()}:{function.GetProperty("deviceId").GetString()}",
            Kind = function.GetProperty("name").GetString() ?? function.GetProperty("className").GetString() ?? "",
            Driver = function.GetProperty("driver").GetString(),
            Group = function.GetProperty("iommuGroup") is { ValueKind: JsonValueKind.Number } group ? group.GetInt32() : null,
            Verdict = ParseVerdict(isolation.GetProperty("verdict").GetString()),
            KernelAccepts = function.GetProperty("kernelAccepts") is { ValueKind: not JsonValueKind.Null } accepts ? accepts.GetBoolean() : null,
            Platform = isolation.GetProperty("platform").GetString() ?? "",
            Reason = isolation.GetProperty("reason").GetString(),
            Advice = isolation.GetProperty("advice").GetString(),
            Table = table.ValueKind == JsonValueKind.Object ? table.GetProperty("access").GetString() : null,
            Assignable = function.GetProperty("assignable").GetBoolean(),
        };
    }

    private static IsolationVerdict ParseVerdict(string? text)
    {
        foreach (IsolationVerdict verdict in Enum.GetValues<IsolationVerdict>())
        {
            if (AuditJson.Camel(verdict) == text)
            {
                return verdict;
            }
        }

        throw new FormatException($"there is no verdict '{text}'");
    }
}
