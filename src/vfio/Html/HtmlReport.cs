using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Cli.Html;

/// <summary>
/// The audit as one page that needs nothing beside itself: no network, no script. What the host says is text in it, and a policy in its head
/// forbids whatever else a browser could be made to load or run.
/// </summary>
internal sealed class HtmlReport
{
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

    private readonly HostAudit audit;
    private readonly PageSizes sizes;
    private readonly ImmutableArray<AlikeFunctions> all;

    public HtmlReport(HostAudit audit)
    {
        this.audit = audit;
        sizes = new PageSizes(audit);
        all = AlikeFunctions.Of(audit, new FunctionCard(audit, sizes));
    }

    /// <summary>Writes the page, in UTF-8.</summary>
    public void Write(Stream stream)
    {
        using HtmlWriter page = HtmlWriter.OfPage(stream);
        page.Open("html").Attribute("lang", "en");
        WriteHead(page);
        page.Open("body").Open("a", "skip").Attribute("href", "#functions").Text("Skip to the functions").Close();
        WriteHost(page);
        page.Open("main");
        if (audit.Functions.IsEmpty)
        {
            page.Element("p", "No PCI functions: nothing to judge.");
        }
        else
        {
            WriteSections(page);
        }

        page.Close();
        page.Open("footer").Element("p", $"Made by vfio {typeof(HtmlReport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}. "
            + "Isolated: once attached through VFIO, no write by any function of an IOMMU group raises an interrupt that the host assigned outside that group. "
            + "Trapping a page prevents accidents and is no fence.").Close();
        page.Close().Close();
    }

    private static string Style()
    {
        using Stream style = typeof(HtmlReport).Assembly.GetManifestResourceStream("report.css")!;
        return new StreamReader(style).ReadToEnd();
    }

    private static string Functions(int count) => string.Create(CultureInfo.InvariantCulture, $"{count} function{(count == 1 ? "" : "s")}");

    private static void Section(HtmlWriter page, string id, string title, Action<HtmlWriter> write)
    {
        page.Open("section").Attribute("id", id).Attribute("aria-labelledby", $"{id}-title").Open("h2").Attribute("id", $"{id}-title").Text(title).Close();
        write(page);
        page.Close();
    }

    private void WriteHead(HtmlWriter page)
    {
        page.Open("head").Open("meta").Attribute("charset", "utf-8").CloseVoid();
        page.Open("meta").Attribute("http-equiv", "Content-Security-Policy").Attribute("content", Policy).CloseVoid();
        page.Open("meta").Attribute("name", "viewport").Attribute("content", "width=device-width, initial-scale=1").CloseVoid();
        page.Open("meta").Attribute("name", "color-scheme").Attribute("content", "light dark").CloseVoid();
        page.Element("title", $"MSI isolation: {Summary()}");
        page.Open("style").Markup(Style()).Markup(sizes.Style()).Close().Close();
    }

    private string Summary() => audit.Functions.IsEmpty ? "no PCI functions" : string.Join(", ", VerdictMark.All
        .Select(verdict => (verdict, count: Count(verdict))).Where(pair => pair.count > 0)
        .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.count} {FunctionReport.Describe(pair.verdict)}")));

    private int Count(IsolationVerdict verdict) => audit.Functions.Count(function => function.Isolation.Verdict == verdict);

    private void WriteHost(HtmlWriter page)
    {
        HostEvidence host = audit.Host;
        page.Open("header").Element("h1", "MSI isolation audit");
        if (!audit.Functions.IsEmpty)
        {
            WriteCounts(page);
        }

        string size = $"{SizeText.Format(audit.PageSize)}{(audit.PageSize != host.PageSize ? $", chosen; the host's own {(host.PageSizeIsAssumed ? "are assumed to be" : "are")} {SizeText.Format(host.PageSize)}" : host.PageSizeIsAssumed ? ", assumed" : "")}";
        page.Open("dl", "facts");
        foreach ((string term, string text) in (ReadOnlySpan<(string, string)>)
        [
            ("Architecture", host.Architecture ?? "unknown"),
            ("Kernel", $"Linux {host.KernelRelease ?? "of unknown release"}"),
            ("Pages", size),
            ("Interrupts", string.Join(", ", audit.Functions.Select(function => function.Isolation.Platform).Distinct())),
            ("Functions", $"{audit.Functions.Length}{(audit.Functions.Length == host.Functions.Length ? "" : $" of {host.Functions.Length}, as asked")}"),
            ("Seen", host.Privileged ? "as root" : "without privilege"),
        ])
        {
            if (text.Length > 0)
            {
                page.Open("div").Element("dt", term).Element("dd", text).Close();
            }
        }

        page.Close().Close();
    }

    private void WriteCounts(HtmlWriter page)
    {
        page.Open("ul", "counts");
        foreach (IsolationVerdict verdict in VerdictMark.All)
        {
            page.Open("li", Count(verdict) == 0 ? "zero" : VerdictMark.StyleClass(verdict)).Element("b", Count(verdict).ToString(CultureInfo.InvariantCulture)).Text(" ");
            VerdictMark.Sign(page, VerdictMark.Sign(verdict));
            page.Text(FunctionReport.Describe(verdict)).Close();
        }

        page.Close().Open("div", "share").Attribute("role", "img").Attribute("aria-label", $"Of {Functions(audit.Functions.Length)}: {Summary()}");
        foreach (IsolationVerdict verdict in VerdictMark.All.Where(verdict => Count(verdict) > 0))
        {
            page.Open("span", VerdictMark.StyleClass(verdict)).Attribute("style", string.Create(CultureInfo.InvariantCulture, $"flex-grow:{Count(verdict)}")).Close();
        }

        page.Close();
    }

    private void WriteSections(HtmlWriter page)
    {
        page.Open("nav").Attribute("aria-label", "Contents").Open("ul");
        foreach ((string id, string title) in (ReadOnlySpan<(string, string)>)[("todo", "What to do"), ("topology", "Topology"), ("groups", "IOMMU groups"), ("functions", "All functions"), ("details", "In detail")])
        {
            page.Open("li").Link(id, title).Close();
        }

        page.Close().Close();
        Section(page, "todo", "What to do", new ToDoList(audit, all).Write);
        Section(page, "topology", "Topology", WriteTopology);
        Section(page, "groups", "IOMMU groups", new GroupTable(audit).Write);
        Section(page, "functions", "All functions", new GlanceTable(audit, all).Write);
        Section(page, "details", "In detail", _ =>
        {
            sizes.Write(page);
            foreach (AlikeFunctions alike in all)
            {
                FunctionCard.Write(page, alike);
            }
        });
    }

    private void WriteTopology(HtmlWriter page)
    {
        page.Open("ul", "legend").Attribute("aria-label", "Legend");
        foreach (IsolationVerdict verdict in VerdictMark.All)
        {
            page.Open("li");
            VerdictMark.Write(page, verdict);
            page.Close();
        }

        page.Element("li", "bus with the MSI-isolated flag, which all buses below inherit", "line flagged").Element("li", "bus without the flag", "line").Close();
        new TopologyPicture(audit, AlikeFunctions.ByAddress(all)).Write(page);
    }
}
