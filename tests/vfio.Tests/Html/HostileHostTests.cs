using System.Xml.Linq;

namespace VfioSharp.Cli.Tests.Html;

/// <summary>What a host says is text in the page, whatever it says, and a page comes of any topology.</summary>
public sealed class HostileHostTests : IDisposable
{
    private const string Script = "<script>alert(1)</script>";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Markup_in_names_is_text()
    {
        HtmlPage page = HtmlPage.Of(folder, HostileHost.WriteTo(folder));
        page.All("script").ShouldBeEmpty();
        page.All("img").ShouldBeEmpty();
        page.All("style").ShouldHaveSingleItem().Value.ShouldNotContain("alert");
        page.All("dl", "facts").Single().Value.ShouldContain($"Linux {Script}");
        XElement card = page.CardOf("0000:00:03.0");
        card.Descendants("dd").First().Value.ShouldBe(HostileHost.Driver);
        card.Descendants("bdi").Single().Value.ShouldBe("</style>" + Script + " & \"Co\" '' &lt; [1b36:0010]".Replace("[1b36", "device [1b36", StringComparison.Ordinal));
    }

    [Fact]
    public void Characters_that_are_no_text_are_replaced()
    {
        string archive = new AlteredHost("x86-intel-ir").With("proc/sys/kernel/osrelease", "7.3\u0001\e[2J\u202Egnp.exe\uFFFE\n").WriteTo(folder);
        HtmlPage.Of(folder, archive).All("dl", "facts").Single().Value.ShouldContain("Linux 7.3\uFFFD\uFFFD[2J\uFFFDgnp.exe\uFFFD");
    }

    [Fact]
    public void Buses_behind_each_other_without_end_follow_on_their_own()
    {
        const int Depth = 60;
        var host = new AlteredHost("x86-intel-ir");
        string path = "sys/devices/pci0000:00";
        for (int bus = 1; bus <= Depth; bus++)
        {
            string address = $"0000:{bus - 1 + (bus == 1 ? 0 : 0x40):x2}:1c.0";
            path += $"/{address}";
            host.WithLink($"sys/bus/pci/devices/{address}", $"../../../{path["sys/".Length..]}");
            host.With($"{path}/class", "0x060400\n");
        }

        HtmlPage page = HtmlPage.Of(folder, host.WriteTo(folder));
        XElement[] buses = [.. HtmlPage.All(page.ById("topology"), "div", "bus")];
        buses.Length.ShouldBe(Depth);
        buses.Max(bus => bus.Ancestors("div").Count()).ShouldBeLessThan(10);
    }
}
