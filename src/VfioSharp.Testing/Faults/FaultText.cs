using System.Globalization;
using System.Text;

namespace VfioSharp.Testing.Faults;

/// <summary>Rules as text: the target, the action, how often if not always, and what else is said of it, as <c>name=value</c>.</summary>
internal static class FaultText
{
    private static readonly (FaultTarget Target, string Name)[] Targets =
    [
        (FaultTarget.RegisterRead, "read-register"), (FaultTarget.RegisterWrite, "write-register"), (FaultTarget.MemoryRead, "read-memory"),
        (FaultTarget.MemoryWrite, "write-memory"), (FaultTarget.Interrupt, "interrupt"), (FaultTarget.Mapping, "map-memory"),
    ];

    public static string Name(FaultTarget target) => Array.Find(Targets, known => known.Target == target).Name ?? $"target {(int)target}";

    public static string Name(FaultAction action) => action.ToString().ToLowerInvariant();

    public static string Write(FaultRule rule)
    {
        var text = new StringBuilder($"{Name(rule.Target)} {Name(rule.Action)}");
        if (rule.OneIn != 1)
        {
            text.Append(CultureInfo.InvariantCulture, $" 1/{rule.OneIn}");
        }

        Add(text, "skip", rule.Skip == 0 ? null : rule.Skip);
        Add(text, "limit", rule.Limit);
        Add(text, "bar", rule.Bar);
        AddHex(text, "first", rule.First == 0 ? null : rule.First);
        AddHex(text, "last", rule.Last == ulong.MaxValue ? null : rule.Last);
        Add(text, "length", rule.Length);
        Add(text, "vector", rule.Vector);
        Add(text, "after", rule.After == 0 ? null : rule.After);
        Add(text, "byte", rule.Byte);
        AddHex(text, "mask", rule.Mask);
        AddHex(text, "shift", rule.Shift == 0 ? null : rule.Shift);
        return text.ToString();
    }

    /// <exception cref="FormatException">It is no rule.</exception>
    public static FaultRule Read(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words.Length < 2 || Array.FindIndex(Targets, known => known.Name == words[0]) is not (>= 0 and int target)
            || !Enum.TryParse(words[1], ignoreCase: true, out FaultAction action) || Name(action) != words[1])
        {
            throw new FormatException($"'{text}' does not start with a target ({string.Join(", ", Targets.Select(known => known.Name))}) and an action");
        }

        var rule = new FaultRule(Targets[target].Target, action);
        foreach (string word in words[2..])
        {
            rule = With(rule, word);
        }

        rule.Check();
        return rule;
    }

    /// <exception cref="FormatException">It is no number, or too large a one.</exception>
    public static ulong Number(string text)
    {
        bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        NumberStyles style = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        return ulong.TryParse(isHex ? text.AsSpan(2) : text, style, CultureInfo.InvariantCulture, out ulong value)
            ? value : throw new FormatException($"'{text}' is no number");
    }

    private static FaultRule With(FaultRule rule, string word)
    {
        if (word.StartsWith("1/", StringComparison.Ordinal))
        {
            return rule with { OneIn = Count(word[2..]) };
        }

        int sign = word.IndexOf('=', StringComparison.Ordinal);
        string value = word[(sign + 1)..];
        return (sign < 0 ? word : word[..sign]) switch
        {
            "skip" => rule with { Skip = Count(value) },
            "limit" => rule with { Limit = Count(value) },
            "bar" => rule with { Bar = Count(value) },
            "first" => rule with { First = Number(value) },
            "last" => rule with { Last = Number(value) },
            "length" => rule with { Length = Count(value) },
            "vector" => rule with { Vector = Count(value) },
            "after" => rule with { After = Count(value) },
            "byte" => rule with { Byte = Count(value) },
            "mask" => rule with { Mask = Number(value) },
            "shift" => rule with { Shift = Number(value) },
            _ => throw new FormatException($"'{word}' says nothing that a rule could heed"),
        };
    }

    private static int Count(string text) => Number(text) is <= int.MaxValue and ulong value ? (int)value : throw new FormatException($"{text} is too many");

    private static void Add(StringBuilder text, string name, int? value)
    {
        if (value is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $" {name}={value}");
        }
    }

    private static void AddHex(StringBuilder text, string name, ulong? value)
    {
        if (value is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $" {name}=0x{value:x}");
        }
    }
}
