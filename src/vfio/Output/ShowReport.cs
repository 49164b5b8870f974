using System.Globalization;
using Spectre.Console;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Output;

/// <summary>Everything about one function for a person.</summary>
internal sealed class ShowReport(IAnsiConsole console)
{
    public void Write(HostAudit audit, IReadOnlyList<MsixTableDecision> atPageSizes)
    {
        FunctionAudit function = audit.Functions[0];
        new FunctionReport(console, audit).Write(function);
        WriteTopology(function);
        WriteBars(function);
        WriteCapabilities(function.Configuration);
        foreach (MsixTableDecision decision in atPageSizes)
        {
            console.WriteLine();
            new PagePicture(console).Write(decision, string.Create(CultureInfo.InvariantCulture, $"BAR {function.Msix!.TableBar} on "));
        }
    }

    private void WriteTopology(FunctionAudit function)
    {
        console.WriteLine();
        Heading("Topology");
        string path = function.Node.Bus.ToString();
        for (Pci.Topology.PciBus bus = function.Node.Bus; bus.Bridge is { } bridge; bus = bridge.Bus)
        {
            path = $"{bridge.Bus} -> {bridge.Address} -> {path}";
        }

        Item($"bus {path}; {(function.Node.Bus.HasIsolatedMsis ? "flagged MSI-isolated" : "not flagged MSI-isolated")}");
        Item($"requester ID {string.Join(", also seen as ", function.Node.RequesterIds)}");
        if (function.Evidence.PhysicalFunction is { } physical)
        {
            Item($"virtual function of {physical}");
        }
    }

    private void WriteBars(FunctionAudit function)
    {
        Heading("BARs");
        BarResource[] bars = [.. function.Bars.Where(bar => bar.IsImplemented)];
        if (bars.Length == 0)
        {
            Item("none");
        }

        foreach (BarResource bar in bars)
        {
            string kind = bar.Kind switch
            {
                BarKind.Io => "I/O ports",
                BarKind.Rom => "expansion ROM",
                BarKind.Memory64 => "64-bit memory",
                _ => "32-bit memory",
            };
            string name = bar.Index == BarResource.RomIndex ? "ROM  " : string.Create(CultureInfo.InvariantCulture, $"BAR {bar.Index}");
            string where = bar.Address == 0 ? "address not assigned or not shown" : string.Create(CultureInfo.InvariantCulture, $"at 0x{bar.Address:x}");
            Item($"{name}  {kind}{(bar.IsPrefetchable ? ", prefetchable" : "")}, {(bar.Length == 0 ? "length unknown" : SizeText.Format(bar.Length))}, {where}");
        }
    }

    private void WriteCapabilities(ConfigurationSpace configuration)
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

    private void Heading(string text) => console.Line("  ", text, new Style(Color.Grey));

    private void Item(string text) => console.Line("    ", text);
}
