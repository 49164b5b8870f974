using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;

namespace VfioSharp.Cli.Html;

/// <summary>Functions of which the page says the same, word for word, but for their addresses and groups.</summary>
/// <param name="Number">Counts them, from 1, in order of their first addresses.</param>
/// <param name="Functions">The functions, by address.</param>
/// <param name="Markup">What is said of them.</param>
internal sealed record AlikeFunctions(int Number, ImmutableArray<FunctionAudit> Functions, string Markup)
{
    public FunctionAudit First => Functions[0];

    /// <summary>Where in the page it is said.</summary>
    public string Anchor => string.Create(CultureInfo.InvariantCulture, $"f{Number}");

    /// <summary>The address, or the first of them and how many more there are.</summary>
    public string Title => Functions.Length == 1 ? First.Address.ToString()
        : string.Create(CultureInfo.InvariantCulture, $"{First.Address} and {Functions.Length - 1} like it");

    /// <summary>Puts the functions of an audit together: those that the cards say the same of, and the same verdict.</summary>
    public static ImmutableArray<AlikeFunctions> Of(HostAudit audit, FunctionCard card)
    {
        var alike = new Dictionary<(Pci.Isolation.IsolationVerdict, string), List<FunctionAudit>>();
        foreach (FunctionAudit function in audit.Functions)
        {
            (Pci.Isolation.IsolationVerdict, string) key = (function.Isolation.Verdict, HtmlWriter.MarkupOf(page => card.WriteShared(page, function)));
            if (!alike.TryGetValue(key, out List<FunctionAudit>? members))
            {
                alike.Add(key, members = []);
            }

            members.Add(function);
        }

        return [.. alike.OrderBy(entry => entry.Value[0].Address).Select((entry, index) => new AlikeFunctions(index + 1, [.. entry.Value], entry.Key.Item2))];
    }

    /// <summary>Where in the page each function is described.</summary>
    public static Dictionary<PciAddress, AlikeFunctions> ByAddress(IEnumerable<AlikeFunctions> all) =>
        all.SelectMany(alike => alike.Functions, (alike, function) => (function.Address, alike)).ToDictionary(pair => pair.Address, pair => pair.alike);
}
