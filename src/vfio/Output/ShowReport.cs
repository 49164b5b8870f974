using System.Globalization;
using Spectre.Console;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Output;

/// <summary>Everything about one function for a person.</summary>
internal sealed class ShowReport(IAnsiConsole console)
{
    private readonly ItemLists lists = new(console);

    public void Write(HostAudit audit, IReadOnlyList<MsixTableDecision> atPageSizes)
    {
        FunctionAudit function = audit.Functions[0];
        new FunctionReport(console, audit).Write(function);
        WriteTopology(function);
        WriteBars(function);
        lists.WriteCapabilities(function.Configuration);
        if (function.Msix is { } msix)
        {
            lists.WritePages(msix.TableBar, atPageSizes);
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
            string name = bar.Index == BarResource.RomIndex ? "ROM  " : string.Create(CultureInfo.InvariantCulture, $"BAR {bar.Index}");
            string where = bar.Address == 0 ? "address not assigned or not shown" : string.Create(CultureInfo.InvariantCulture, $"at 0x{bar.Address:x}");
            Item($"{name}  {ItemLists.NameOf(bar.Kind)}{(bar.IsPrefetchable ? ", prefetchable" : "")}, {(bar.Length == 0 ? "length unknown" : SizeText.Format(bar.Length))}, {where}");
        }
    }

    private void Heading(string text) => lists.Heading(text);

    private void Item(string text) => lists.Item(text);
}
