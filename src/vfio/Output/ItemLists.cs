using System.Globalization;
using Spectre.Console;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Output;

/// <summary>Lists under headings: what <c>show</c> and <c>connect</c> say beyond the audit's lines.</summary>
internal sealed class ItemLists(IAnsiConsole console)
{
    /// <summary>What a kind of BAR is called.</summary>
    public static string NameOf(BarKind kind) => kind switch
    {
        BarKind.Io => "I/O ports",
        BarKind.Rom => "expansion ROM",
        BarKind.Memory64 => "64-bit memory",
        _ => "32-bit memory",
    };

    public void Heading(string text) => console.Line("  ", text, new Style(Color.Grey));

    public void Item(string text) => console.Line("    ", text);

    /// <summary>The capabilities, in the order of the lists.</summary>
    public void WriteCapabilities(ConfigurationSpace configuration)
    {
        Heading("Capabilities");
        if (!configuration.HoldsCapabilities)
        {
            Item("not readable: configuration space beyond byte 63 needs root");
            return;
        }

        if (configuration.Capabilities.All.IsEmpty)
        {
            Item("none");
        }

        foreach (PciCapability capability in configuration.Capabilities.All)
        {
            string offset = capability.Offset.ToString(capability.IsExtended ? "x3" : "x2", CultureInfo.InvariantCulture);
            string version = capability.IsExtended ? string.Create(CultureInfo.InvariantCulture, $" v{capability.Version}") : "";
            Item($"[{offset}{version}] {capability.Name}{CapabilityDetail.Of(configuration, capability)}");
        }
    }

    /// <summary>The BAR that holds the table, page by page, for each decision.</summary>
    public void WritePages(int bar, IEnumerable<MsixTableDecision> decisions)
    {
        foreach (MsixTableDecision decision in decisions)
        {
            console.WriteLine();
            new PagePicture(console).Write(decision, string.Create(CultureInfo.InvariantCulture, $"BAR {bar} on "));
        }
    }
}
