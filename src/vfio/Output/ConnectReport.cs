using System.Globalization;
using Spectre.Console;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Naming;
using VfioSharp.VfioUser;

namespace VfioSharp.Cli.Output;

/// <summary>A served function for a person: as <see cref="ShowReport"/> does, with what its server says in place of a host.</summary>
internal sealed class ConnectReport(IAnsiConsole console)
{
    private readonly LabelledLines lines = new(console);
    private readonly ItemLists lists = new(console);

    public void Write(ServedFunction function, uint pageSize, IReadOnlyList<MsixTableDecision> atPageSizes)
    {
        ConfigurationSpace configuration = function.Configuration;
        console.Line("", string.Create(CultureInfo.InvariantCulture,
            $"{function.Name} {ClassNames.Of(configuration.ClassCode)}: [{configuration.VendorId:x4}:{configuration.DeviceId:x4}]"), new Style(decoration: Decoration.Bold));
        lines.Line("Server", DescribeServer(function));
        lines.Line("Reset", function.CanReset ? "by a message" : "not offered");
        lines.Line("Migration", function.CanMigrate ? "its state can be saved and restored (stop-copy)" : "not offered");
        if (function.Msix is { } msix)
        {
            MsixReport.Write(lines, msix, function.DecideTable(pageSize), pageSize);
        }
        else
        {
            lines.Line("MSI-X", "none");
        }

        foreach (ConfigurationFinding finding in Findings(function))
        {
            lines.Line("Oddity", finding.Text);
        }

        console.WriteLine();
        WriteRegions(function);
        WriteInterrupts(function);
        lists.WriteCapabilities(configuration);
        if (function.Msix is { } drawn)
        {
            lists.WritePages(drawn.TableBar, atPageSizes);
        }
    }

    /// <summary>What is odd about it.</summary>
    public static IEnumerable<ConfigurationFinding> Findings(ServedFunction function) =>
        [.. function.Configuration.Findings, .. function.Bars.Findings, .. function.Msix?.Findings ?? []];

    private static string DescribeServer(ServedFunction function) => string.Create(CultureInfo.InvariantCulture,
        $"vfio-user {function.Version}; {SizeText.Format((ulong)function.MaxDataTransfer)} of data and {function.MaxMessageDescriptors} descriptors a message; "
        + $"{function.MaxDmaMaps} pieces of memory, in pages of {string.Join(", ", PageSizes(function).Select(SizeText.Format))}; "
        + $"{(function.HasTwinSocket ? "a socket of their own for its commands" : "its commands on the one socket")}; "
        + $"{(function.TakesManyWrites ? "many writes in a message" : "one write a message")}");

    /// <summary>The page sizes, in bytes, ascending.</summary>
    public static IEnumerable<ulong> PageSizes(ServedFunction function) =>
        Enumerable.Range(0, 64).Select(bit => 1UL << bit).Where(size => (function.PageSizes & size) != 0);

    private void WriteRegions(ServedFunction function)
    {
        lists.Heading("Regions");
        foreach (ServedRegion region in function.Regions.Where(region => region.Length != 0))
        {
            lists.Item($"{NameOf(region, function.Bars)}, {SizeText.Format(region.Length)}, {DescribeAccess(region)}; {DescribeMapping(region, function)}");
        }
    }

    private static string NameOf(ServedRegion region, BarSet bars) => region.Index switch
    {
        < BarResource.RomIndex => string.Create(CultureInfo.InvariantCulture,
            $"BAR {region.Index}   {ItemLists.NameOf(bars[region.Index].Kind)}{(bars[region.Index].IsPrefetchable ? ", prefetchable" : "")}"),
        BarResource.RomIndex => "ROM     expansion ROM",
        7 => "config  configuration space",
        8 => "VGA     memory and ports of VGA",
        _ => string.Create(CultureInfo.InvariantCulture, $"{region.Index,-6}  the server's own"),
    };

    private static string DescribeAccess(ServedRegion region) => (region.IsReadable, region.IsWritable) switch
    {
        (true, true) => "read and write",
        (true, false) => "read-only",
        (false, true) => "write-only",
        _ => "neither read nor written",
    };

    private static string DescribeMapping(ServedRegion region, ServedFunction function)
    {
        if (!region.IsMappable)
        {
            return "a message each access";
        }

        string parts = region.Areas is { } areas ? $"mappable: {string.Join(", ", areas)}" : "mappable";
        string table = region.IsMsixMappable ? ", MSIX_MAPPABLE" : function.Msix?.TableBar == region.Index ? ", no MSIX_MAPPABLE" : "";
        return parts + table + (region.IsUsable ? "" : "; not mapped here: its server could take the memory away (--trust-peer-memory), or offers no whole page of it");
    }

    private void WriteInterrupts(ServedFunction function)
    {
        lists.Heading("Interrupts");
        foreach (ServedInterrupt interrupt in function.Interrupts.Where(interrupt => interrupt.Count > 0))
        {
            string[] how =
            [
                FunctionReport.Count(interrupt.Count),
                interrupt.IsSignalled ? "eventfds" : "no eventfds",
                .. interrupt.IsMaskable ? (string[])["maskable"] : [],
                .. interrupt.IsAutomasked ? (string[])["masked when it fires"] : [],
                .. interrupt.CanGrow ? (string[])[] : ["set up all at once"],
            ];
            lists.Item($"{interrupt.Name,-7}  {string.Join(", ", how)}");
        }
    }
}
