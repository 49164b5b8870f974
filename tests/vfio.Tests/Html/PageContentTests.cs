using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace VfioSharp.Cli.Tests.Html;

/// <summary>The page says what the JSON says, of every captured host, in markup that needs nothing beside it.</summary>
public sealed partial class PageContentTests : IDisposable
{
    private static readonly Dictionary<string, string> Words = new() { ["isolated"] = "isolated", ["notIsolated"] = "not isolated", ["unknown"] = "unknown" };

    private static readonly ConcurrentDictionary<string, Lazy<HtmlPage>> Pages = [];
    private static readonly ConcurrentDictionary<string, Lazy<JsonElement>> Audits = [];

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Hosts => CapturedHost.All;

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Every_function_has_its_card_with_the_verdict_the_evidence_and_the_sources(string host)
    {
        HtmlPage page = Page(host);
        JsonElement[] functions = Functions(host);
        page.All("article").SelectMany(HtmlPage.AddressesOf).Order(StringComparer.Ordinal).ShouldBe(functions.Select(Address).Order(StringComparer.Ordinal));
        foreach (JsonElement function in functions)
        {
            XElement card = page.CardOf(Address(function));
            string verdict = Words[function.GetProperty("isolation").GetProperty("verdict").GetString()!];
            HtmlPage.All(card, "span", "badge").First().Value.ShouldEndWith($" {verdict}");
            card.Descendants("dd").First().Value.ShouldBe(function.GetProperty("driver").GetString() ?? "none");
            HtmlPage.All(card, "ul", "evidence").Single().Elements("li").Select(item => (item.Element("code")!.Value, item.Element("span")!.Value))
                .ShouldBe(function.GetProperty("isolation").GetProperty("findings").EnumerateArray().Select(finding => (Text(finding, "source"), Text(finding, "text"))));
            if (function.GetProperty("table").ValueKind == JsonValueKind.Object)
            {
                HtmlPage.All(card, "div", SizeOf(host)).SelectMany(at => at.Elements("p")).Select(p => p.Value).ShouldContain(Text(function.GetProperty("table"), "explain"));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void The_picture_has_every_function_on_its_bus_and_every_bus_with_its_flag(string host)
    {
        HtmlPage page = Page(host);
        JsonElement[] functions = Functions(host);
        XElement topology = page.ById("topology");
        HtmlPage.All(topology, "a", "tile").Count().ShouldBe(functions.Length);
        foreach (JsonElement function in functions)
        {
            string[] parts = Address(function).Split(':', 3);
            bool flagged = function.GetProperty("isolation").GetProperty("busFlag").GetBoolean();
            string verdict = Words[function.GetProperty("isolation").GetProperty("verdict").GetString()!];

            // A virtual function hangs on its physical function's bus, where it is written with the number that it answers to.
            XElement tile = HtmlPage.All(topology, "a", "tile").Single(tile => (BusOf(tile), tile.Element("b")!.Value) is var (bus, place)
                && (place.Contains(':', StringComparison.Ordinal) ? $"{bus[..^3]}:{place}" : $"{bus}:{place}") == $"{parts[0]}:{parts[1]}:{parts[2]}");
            tile.Element("i")!.Value.ShouldBe(verdict);
            HtmlPage.Classes(tile.Ancestors("div").First()).Contains("flagged").ShouldBe(flagged);
            tile.Ancestors("div").First().Element("p")!.Value.ShouldContain(flagged ? "flag " : "no ");
            ((string)tile.Attribute("href")!).ShouldBe($"#{(string)page.CardOf(Address(function)).Attribute("id")!}");
            tile.Value.ShouldContain(function.GetProperty("iommuGroup").ValueKind == JsonValueKind.Null ? "no group" : $"group {function.GetProperty("iommuGroup").GetInt32()}");
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void The_counts_are_those_of_the_verdicts(string host)
    {
        HtmlPage page = Page(host);
        string[] verdicts = [.. Functions(host).Select(function => Words[function.GetProperty("isolation").GetProperty("verdict").GetString()!])];
        page.All("ul", "counts").Single().Elements("li").Select(item => Digits().Match(item.Value).Value)
            .ShouldBe(((string[])["not isolated", "unknown", "isolated"]).Select(word => $"{verdicts.Count(verdict => verdict == word)}"));
        foreach (string advice in Functions(host).Select(function => function.GetProperty("isolation").GetProperty("advice").GetString()).OfType<string>())
        {
            page.ById("todo").Value.ShouldContain(advice);
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void It_needs_nothing_beside_itself_and_its_markup_is_in_order(string host)
    {
        HtmlPage page = Page(host);
        string[] elements = [.. page.Root.DescendantsAndSelf().Select(element => element.Name.LocalName).Distinct()];
        elements.Intersect(["script", "link", "img", "iframe", "object", "embed", "svg"]).ShouldBeEmpty();
        XAttribute[] attributes = [.. page.Root.DescendantsAndSelf().Attributes()];
        attributes.ShouldAllBe(attribute => !attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        page.Text.ShouldNotContain("://");
        page.Text.ShouldNotContain("url(");
        page.Text.ShouldNotContain("@import");

        string[] ids = [.. attributes.Where(attribute => attribute.Name == "id").Select(attribute => attribute.Value)];
        ids.ShouldBeUnique();
        attributes.Where(attribute => attribute.Name == "href").ShouldAllBe(attribute => attribute.Value.StartsWith('#') && ids.Contains(attribute.Value.Substring(1)));
        attributes.Where(attribute => attribute.Name == "aria-labelledby" || attribute.Name == "for").ShouldAllBe(attribute => ids.Contains(attribute.Value));

        int level = 0;
        foreach (XElement heading in page.Root.Descendants().Where(element => Heading().IsMatch(element.Name.LocalName)))
        {
            int next = heading.Name.LocalName[1] - '0';
            next.ShouldBeLessThanOrEqualTo(level + 1, heading.Value);
            heading.Value.ShouldNotBeEmpty();
            level = next;
        }

        page.All("h1").Count().ShouldBe(1);
        page.All("table").ShouldAllBe(table => table.Element("caption") != null && table.Element("thead")!.Descendants("th").All(head => (string)head.Attribute("scope")! == "col")
            && table.Element("tbody")!.Elements("tr").All(row => (string)row.Element("th")!.Attribute("scope")! == "row"));
    }

    [Fact]
    public void A_BAR_is_drawn_at_each_page_size()
    {
        // The layout that README.md shows: 16K, the table at 0x2000 with 65 entries, the PBA at 0x3000; not isolated.
        HtmlPage page = Page("x86-intel-ir-off-by-cmdline");
        XElement card = page.CardOf("0000:00:03.0");
        Map(card, "s12").ShouldBe(["0x0–0x1fff | 2 | registers | ✓ mapped", "0x2000–0x2fff | 1 | registers + table | ⊘ trapped", "0x3000–0x3fff | 1 | registers + PBA | ✓ mapped"]);
        Map(card, "s14").ShouldBe(["0x0–0x3fff | 1 | registers + table + PBA | ⊘ trapped"]);
        Map(card, "s16").ShouldBe(["0x0–0x3fff | 1 | registers + table + PBA | ⊘ trapped"]);
        Checked(page).ShouldBe("s12");
        card.Value.ShouldContain("65 vectors; table in BAR 0 at 0x2000-0x240f; PBA in BAR 0 at 0x3000-0x300f");

        // BARs without a table take a line, for they are mapped whatever the page size.
        page.CardOf("0000:00:04.0").Value.ShouldContain("BAR 0 32-bit memory, 128K: registers, all mapped");
    }

    [Fact]
    public void The_page_size_and_the_rule_that_were_asked_for_are_those_shown_first()
    {
        HtmlPage page = HtmlPage.Of(folder, CapturedHost.Archive("x86-intel-ir-off-by-cmdline"), "0:3.0", "--page-size", "2M", "--rule", "acceptRisk");
        Checked(page).ShouldBe("s21");
        page.All("form").Single().Descendants("label").Select(label => (string)label.Attribute("for")!).ShouldBe(["s12", "s14", "s16", "s21"]);
        XElement card = page.All("article").ShouldHaveSingleItem();
        Map(card, "s12").ShouldBe(["0x0–0x1fff | 2 | registers | ✓ mapped", "0x2000–0x2fff | 1 | registers + table | ✓ mapped", "0x3000–0x3fff | 1 | registers + PBA | ✓ mapped"]);
        page.All("dl", "facts").Single().Value.ShouldContain("2M, chosen; the host's own are 4K");
    }

    [Fact]
    public void Of_functions_that_were_not_asked_about_only_the_bridges_above_are_drawn()
    {
        // 08:10.0 is a virtual function below the root port 00:05.0 or the like.
        HtmlPage page = HtmlPage.Of(folder, CapturedHost.Archive("x86-intel-ir-rich"), "08:10.0");
        page.All("article").SelectMany(HtmlPage.AddressesOf).ShouldBe(["0000:08:10.0"]);
        HtmlPage.All(page.ById("topology"), "a", "tile").Count().ShouldBe(1);
        HtmlPage.All(page.ById("topology"), "span", "tile").ShouldAllBe(tile => tile.Value.EndsWith("not asked about", StringComparison.Ordinal));
        HtmlPage.All(page.ById("topology"), "div", "bus").Count().ShouldBeGreaterThan(1);
        page.All("dl", "facts").Single().Value.ShouldContain("1 of 36, as asked");
    }

    [Fact]
    public void Functions_that_share_a_group_are_listed_together()
    {
        HtmlPage page = Page("x86-intel-ir-rich");
        string[] members = [.. Functions("x86-intel-ir-rich").Where(function => function.GetProperty("iommuGroup").GetInt32() == 6).Select(Address)];
        members.Length.ShouldBe(3);
        HtmlPage.Rows(HtmlPage.All(page.ById("groups"), "table").Single()).ShouldContain($"6 | ✓ isolated | {string.Join(", ", members)}");
    }

    [Fact]
    public void A_reader_without_privilege_is_told_what_is_missing()
    {
        string archive = new AlteredHost("x86-intel-ir").Cut("/config$", 64).Without("host.json$").WriteTo(folder);
        HtmlPage page = HtmlPage.Of(folder, archive);
        page.ById("todo").Value.ShouldContain("Run the audit as root");
        page.CardOf("0000:00:03.0").Value.ShouldContain("needs root");
    }

    [Fact]
    public void A_host_without_functions_has_a_page_too()
    {
        Directory.CreateDirectory(folder["host/sys/bus/pci/devices"]);
        folder.File("host/proc/cmdline", "quiet\n");
        HtmlPage page = HtmlPage.Of(folder, folder["host"]);
        page.All("main").Single().Value.ShouldContain("nothing to judge");
        page.All("article").ShouldBeEmpty();
    }

    private static string BusOf(XElement tile) => Bus().Match(tile.Ancestors("div").First().Element("p")!.Element("strong")!.Value).Value;

    private static IReadOnlyList<string> Map(XElement card, string size) => HtmlPage.Rows(HtmlPage.All(card, "div", size).Single().Element("table")!);

    private static string Checked(HtmlPage page) => (string)page.All("input").Single(input => input.Attribute("checked") != null).Attribute("id")!;

    private static HtmlPage Page(string host) => Pages.GetOrAdd(host, name => new(() =>
    {
        using var folder = new TemporaryFolder();
        return HtmlPage.Of(folder, CapturedHost.Archive(name));
    })).Value;

    private static JsonElement Audit(string host) =>
        Audits.GetOrAdd(host, name => new(() => CliRun.Of("audit", "--json", "--root", CapturedHost.Archive(name)).Json())).Value;

    private static JsonElement[] Functions(string host) => [.. Audit(host).GetProperty("functions").EnumerateArray()];

    private static string SizeOf(string host) => Audit(host).GetProperty("host").GetProperty("pageSize").GetInt32() == 65536 ? "s16" : "s12";

    private static string Address(JsonElement function) => Text(function, "address");

    private static string Text(JsonElement owner, string name) => owner.GetProperty(name).GetString()!;

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();

    [GeneratedRegex("^h[1-6]$")]
    private static partial Regex Heading();

    [GeneratedRegex("[0-9a-f]{4,8}:[0-9a-f]{2}$")]
    private static partial Regex Bus();
}
