using System.Text.Json;

namespace VfioSharp.Lab.Tests.Results;

/// <summary>One line of the results channel.</summary>
/// <param name="Check">What was checked or observed.</param>
/// <param name="Outcome">Whether that is as it must be, or for the host to judge.</param>
/// <param name="Detail">In words.</param>
/// <param name="Values">The figures, an object; undefined if there are none.</param>
internal sealed record GuestResult(string Check, GuestOutcome Outcome, string? Detail, JsonElement Values)
{
    /// <summary>A value as text; null if it is null or absent.</summary>
    public string? Text(string name) => Value(name) switch
    {
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        JsonElement value => value.GetRawText(),
    };

    /// <summary>A value as a flag; null if it is null or absent.</summary>
    public bool? Flag(string name) => Value(name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value ? value.GetBoolean() : null;

    /// <summary>A value as an integer; null if it is null or absent.</summary>
    public long? Number(string name) => Value(name) is { ValueKind: JsonValueKind.Number } value ? value.GetInt64() : null;

    /// <summary>A sequence of texts; empty if it is absent.</summary>
    public IReadOnlyList<string> Texts(string name) =>
        Value(name) is { ValueKind: JsonValueKind.Array } value ? [.. value.EnumerateArray().Select(item => item.ToString())] : [];

    public override string ToString() => $"{Outcome}: {Check}{(Detail is null ? "" : $": {Detail}")}{(Values.ValueKind == JsonValueKind.Undefined ? "" : $" {Values.GetRawText()}")}";

    private JsonElement Value(string name) =>
        Values.ValueKind == JsonValueKind.Object && Values.TryGetProperty(name, out JsonElement value) ? value : default;
}
