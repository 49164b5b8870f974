using System.Xml.Linq;

namespace VfioSharp.Cli.Tests.Html;

/// <summary>A page that <c>vfio audit --html</c> wrote, as its elements.</summary>
internal sealed class HtmlPage
{
    private HtmlPage(string path)
    {
        Path = path;
        Text = File.ReadAllText(path);
        Root = XDocument.Parse(Text).Root!;
    }

    public string Path { get; }

    public string Text { get; }

    public XElement Root { get; }

    /// <summary>Audits a host, given by its archive, into a page in a folder.</summary>
    public static HtmlPage Of(TemporaryFolder folder, string archive, params string[] arguments)
    {
        string path = folder[$"{Guid.NewGuid():N}.html"];
        CliRun run = CliRun.Of(["audit", "--root", archive, "--html", path, .. arguments]);
        run.Status.ShouldBeLessThan(3, run.Error);
        return new HtmlPage(path);
    }

    /// <summary>The elements of a name, and of a class where one is given.</summary>
    public IEnumerable<XElement> All(string element, string? styleClass = null) => All(Root, element, styleClass);

    /// <inheritdoc cref="All(string, string)"/>
    public static IEnumerable<XElement> All(XElement within, string element, string? styleClass = null) =>
        within.Descendants(element).Where(found => styleClass is null || Classes(found).Contains(styleClass));

    public static string[] Classes(XElement element) => ((string?)element.Attribute("class") ?? "").Split(' ');

    public XElement ById(string id) => Root.Descendants().Single(element => (string?)element.Attribute("id") == id);

    /// <summary>The card that describes a function.</summary>
    public XElement CardOf(string address) => All("article").Single(card => AddressesOf(card).Contains(address));

    /// <summary>The functions that a card describes.</summary>
    public static IEnumerable<string> AddressesOf(XElement card) => All(card, "ul", "addresses").FirstOrDefault() is { } list
        ? list.Descendants("code").Select(code => code.Value) : [card.Descendants("h3").Single().Value];

    /// <summary>The rows of a table's body, each the texts of its cells.</summary>
    public static IReadOnlyList<string> Rows(XElement table) =>
        [.. table.Element("tbody")!.Elements("tr").Select(row => string.Join(" | ", row.Elements().Select(cell => cell.Value.Trim())))];
}
