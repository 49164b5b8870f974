using System.Text.Json;

namespace VfioSharp.Lab.Tests.Results;

/// <summary>What a line of the results channel is: a result, a signal, the end, or, with all of these absent, none of them.</summary>
/// <param name="Result">The result.</param>
/// <param name="Signal">The name of the signal.</param>
/// <param name="IsEnd">Whether nothing will follow.</param>
internal sealed record GuestLine(GuestResult? Result = null, string? Signal = null, bool IsEnd = false)
{
    public static GuestLine Parse(string line)
    {
        try
        {
            JsonElement root = JsonElement.Parse(line);
            if (root.ValueKind != JsonValueKind.Object)
                return new();
            if (root.TryGetProperty("end", out _))
                return new(IsEnd: true);
            if (root.TryGetProperty("signal", out JsonElement signal))
                return new(Signal: signal.GetString());
            return root.TryGetProperty("check", out JsonElement check) && root.TryGetProperty("outcome", out JsonElement outcome)
                && Enum.TryParse(outcome.GetString(), ignoreCase: true, out GuestOutcome parsed)
                ? new(new GuestResult(
                    check.GetString()!,
                    parsed,
                    root.TryGetProperty("detail", out JsonElement detail) ? detail.GetString() : null,
                    root.TryGetProperty("values", out JsonElement values) ? values : default))
                : new();
        }
        catch (JsonException)
        {
            return new();
        }
    }
}
