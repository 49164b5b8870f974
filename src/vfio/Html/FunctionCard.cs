using System.Globalization;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Cli.Html;

/// <summary>Everything that the page says of a function, or of several of which it says the same.</summary>
internal sealed class FunctionCard(HostAudit audit, PageSizes sizes)
{
    private readonly BarMaps bars = new(audit, sizes);

    /// <summary>The part that alike functions share: all but their addresses and groups.</summary>
    public void WriteShared(HtmlWriter page, FunctionAudit function)
    {
        page.Open("p", "what").Text(FunctionNames.ClassName(function.Evidence)).Text(": ").Element("bdi", FunctionNames.Describe(audit.Host, function.Evidence)).Close();
        page.Open("div", "halves").Open("div").Open("dl");
        Term(page, "Driver", function.Evidence.Driver ?? "none");
        Term(page, "Assignable", function.Assignability is { IsAssignable: false } no ? $"no: {no.Explanation ?? "it cannot be given away"}" : "yes");
        Term(page, "Filter", $"{FunctionReport.DescribeFilter(function.Isolation)} ({function.Isolation.Platform})");
        Term(page, "Kernel", FunctionReport.DescribeKernel(function.Isolation));
        Term(page, "MSI-X", function.Msix is { } msix ? MsixReport.Describe(msix) : FunctionReport.DescribeAbsence(function.Configuration));
        page.Close().Element("h4", "Evidence").Open("ul", "evidence");
        foreach (IsolationFinding finding in function.Isolation.Findings)
        {
            page.Open("li").Element("code", finding.Source).Text(" ").Element("span", finding.Text).Close();
        }

        page.Close();
        if (!function.Findings.IsEmpty)
        {
            page.Element("h4", "Oddities").Open("ul");
            foreach (ConfigurationFinding finding in function.Findings)
            {
                page.Element("li", finding.Text);
            }

            page.Close();
        }

        if (function.Isolation.Advice is { } advice)
        {
            page.Element("h4", "To isolate").Element("p", $"{advice}.", "sentence");
        }

        page.Close().Open("div").Element("h4", "BARs and their pages");
        bars.Write(page, function);
        page.Close().Close();
    }

    /// <summary>Writes the card.</summary>
    public static void Write(HtmlWriter page, AlikeFunctions alike)
    {
        IsolationVerdict verdict = alike.First.Isolation.Verdict;
        page.Open("article", $"card {VerdictMark.StyleClass(verdict)}").Attribute("id", alike.Anchor).Attribute("aria-labelledby", $"{alike.Anchor}t");
        page.Open("div", "top").Open("h3").Attribute("id", $"{alike.Anchor}t").Text(alike.Title).Close();
        VerdictMark.Write(page, verdict);
        if (alike.Functions.Length == 1)
        {
            page.Element("span", GroupOf(alike.First), "tag");
        }

        page.Close();
        if (alike.Functions.Length > 1)
        {
            WriteMembers(page, alike);
        }

        page.Markup(alike.Markup).Close();
    }

    private static string GroupOf(FunctionAudit function) =>
        function.Evidence.IommuGroup is { } group ? string.Create(CultureInfo.InvariantCulture, $"group {group}") : "no group";

    private static void WriteMembers(HtmlWriter page, AlikeFunctions alike)
    {
        page.Open("details").Open("summary").Text(string.Create(CultureInfo.InvariantCulture, $"The {alike.Functions.Length} functions of which all of this is true")).Close();
        page.Open("ul", "addresses");
        foreach (FunctionAudit function in alike.Functions)
        {
            page.Open("li").Element("code", function.Address.ToString()).Text(" ").Element("small", GroupOf(function)).Close();
        }

        page.Close().Close();
    }

    private static void Term(HtmlWriter page, string term, string text) =>
        page.Open("div").Element("dt", term).Element("dd", text).Close();
}
