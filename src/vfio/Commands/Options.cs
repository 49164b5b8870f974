using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Commands;

/// <summary>Options that several commands share.</summary>
internal static class Options
{
    public static Option<bool> Json() => new("--json") { Description = "Print JSON, for programs" };

    public static Option<uint?> PageSize(string description) => new("--page-size")
    {
        Description = description + " (4K, 16K, 64K)",
        HelpName = "SIZE",
        CustomParser = result =>
        {
            if (Size(result) is not { } size)
            {
                return null;
            }

            if (size is < 4096 or > 1 << 30 || !ulong.IsPow2(size))
            {
                result.AddError($"--page-size {result.Tokens[0].Value}: a page size is a power of two from 4K to 1G");
                return null;
            }

            return (uint)size;
        },
    };

    public static Option<MsixTableRule> Rule() => Choice<MsixTableRule>("--rule",
        "When to map the table's page: requireIsolation (only where MSIs are isolated), neverMap, acceptRisk (map it wherever it can be)");

    public static Option<IsolationVerdict> Verdict() => Choice<IsolationVerdict>("--verdict", "The host's verdict to plan with: isolated, notIsolated, unknown");

    public static ulong? Size(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (SizeText.TryParse(text, out ulong size))
        {
            return size;
        }

        result.AddError($"{result.Argument.Name} {text}: not a size below 16E; write decimal or 0x hexadecimal, with K, M or G behind it for multiples of 1024");
        return null;
    }

    public static Option<int> Number(string name, string description, string range, int otherwise) => new(name)
    {
        Description = description,
        HelpName = range,
        DefaultValueFactory = _ => otherwise,
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number))
            {
                return number;
            }

            result.AddError($"{name} {result.Tokens[0].Value}: not a number");
            return otherwise;
        },
    };

    /// <summary>Refuses a file that has no name, or the one that elsewhere means standard output.</summary>
    public static void RequireFileName(OptionResult result, string content)
    {
        if (result.Tokens is [{ Value: "" or "-" } token])
        {
            result.AddError($"{result.Option.Name} {(token.Value.Length == 0 ? "''" : token.Value)}: {content} goes to a file, which needs a name (./- is one)");
        }
    }

    public static Option<T> Choice<T>(string name, string description)
        where T : struct, Enum
    {
        return new Option<T>(name)
        {
            Description = description,
            HelpName = string.Join('|', Names()),
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                foreach (T value in Enum.GetValues<T>())
                {
                    if (string.Equals(value.ToString(), text, StringComparison.OrdinalIgnoreCase))
                    {
                        return value;
                    }
                }

                result.AddError($"{name} {text}: not one of {string.Join(", ", Names())}");
                return default;
            },
        };

        static IEnumerable<string> Names() => Enum.GetValues<T>().Select(value => Output.AuditJson.Camel(value));
    }
}
