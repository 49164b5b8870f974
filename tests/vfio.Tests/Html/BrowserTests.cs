using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace VfioSharp.Cli.Tests.Html;

/// <summary>The page in a browser that runs no script: in both themes, on a phone and on a desk, by keyboard, and as a screen reader is told it.</summary>
public sealed class BrowserTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const string Rich = "x86-intel-ir-rich";
    private const string Off = "x86-intel-ir-off-by-cmdline";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Rich, 320)]
    [InlineData(Rich, 390)]
    [InlineData(Rich, 1280)]
    [InlineData(Off, 320)]
    [InlineData("arm64-smmuv3-its", 390)]
    [InlineData("ppc64-pseries", 390)]
    public async Task Nothing_is_wider_than_the_window(string host, int width)
    {
        IPage page = await OpenAsync(host, width, script: true);
        await page.EvaluateAsync("() => document.querySelectorAll('details').forEach(details => details.open = true)");
        (await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth")).ShouldBe(width);

        // Nor does anything stick out of what holds it, where the window would hide it. What is for the keyboard alone waits outside.
        (await page.EvaluateAsync<string[]>("""
            () => [...document.querySelectorAll('main *, header *')].filter(e => e.checkVisibility() && e.getClientRects().length && e.tagName !== 'INPUT'
                && (e.getBoundingClientRect().right > innerWidth || e.getBoundingClientRect().left < 0)).map(e => e.outerHTML.slice(0, 80))
            """)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_hosts_markup_neither_runs_nor_shows_as_anything_but_text()
    {
        IPage page = await browser.OpenAsync(HtmlPage.Of(folder, HostileHost.WriteTo(folder)), script: true);
        (await page.Locator("dl.facts").InnerTextAsync()).ShouldContain("Linux <script>alert(1)</script>");
        (await page.Locator("script, img").CountAsync()).ShouldBe(0);
        browser.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_policy_in_its_head_keeps_a_script_from_running_that_got_in_all_the_same()
    {
        HtmlPage page = HtmlPage.Of(folder, CapturedHost.Archive("s390x-zpci"));
        await File.WriteAllTextAsync(page.Path, page.Text.Replace("<main>", "<main><script>document.title = 'got in'</script>", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await using var alone = new Browser();
        await alone.InitializeAsync();
        IPage opened = await alone.OpenAsync(page, script: true);
        (await opened.TitleAsync()).ShouldStartWith("MSI isolation: ");
        alone.Complaints.ShouldHaveSingleItem().ShouldContain("Content Security Policy");
    }

    [Theory]
    [InlineData(Rich, ColorScheme.Light)]
    [InlineData(Rich, ColorScheme.Dark)]
    [InlineData(Off, ColorScheme.Light)]
    [InlineData(Off, ColorScheme.Dark)]
    [InlineData("riscv64-imsic-iommu", ColorScheme.Light)]
    [InlineData("riscv64-imsic-iommu", ColorScheme.Dark)]
    public async Task Every_text_stands_out_from_what_lies_behind_it(string host, ColorScheme scheme)
    {
        IPage page = await OpenAsync(host, scheme: scheme, script: true);
        JsonElement result = (await page.EvaluateAsync(ContrastScript.Text)).ShouldNotBeNull();
        result.GetProperty("measured").GetInt32().ShouldBeGreaterThan(100);
        result.GetProperty("faint").EnumerateArray().Select(text => text.GetString()).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_two_themes_differ()
    {
        const string Background = "() => getComputedStyle(document.body).backgroundColor";
        IPage light = await OpenAsync(Off, scheme: ColorScheme.Light, script: true);
        IPage dark = await OpenAsync(Off, scheme: ColorScheme.Dark, script: true);
        (await light.EvaluateAsync<string>(Background)).ShouldBe("rgb(246, 247, 249)");
        (await dark.EvaluateAsync<string>(Background)).ShouldBe("rgb(17, 21, 26)");
    }

    [Fact]
    public async Task The_page_size_is_switched_without_script()
    {
        IPage page = await OpenAsync(Off);
        (await ShownAsync(page)).ShouldBe("BAR 0 on 4K pages");
        await page.Locator("label[for=s16]").ClickAsync();
        (await ShownAsync(page)).ShouldBe("BAR 0 on 64K pages");
        await page.GetByRole(AriaRole.Radio, new() { NameRegex = new Regex("^16K") }).FocusAsync();
        await page.Keyboard.PressAsync("Space");
        (await ShownAsync(page)).ShouldBe("BAR 0 on 16K pages");
        await page.Keyboard.PressAsync("ArrowLeft");
        (await ShownAsync(page)).ShouldBe("BAR 0 on 4K pages");
    }

    [Fact]
    public async Task Everything_is_reached_by_keyboard_and_seen_to_be_reached()
    {
        IPage page = await OpenAsync(Rich, script: true);
        var reached = new HashSet<string>();
        int stops = await page.EvaluateAsync<int>("() => document.querySelectorAll('a, summary').length + 1"); // of the radio buttons one is a stop
        for (int i = 0; i < stops; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            JsonElement at = (await page.EvaluateAsync("""
                () => {
                    const at = document.activeElement, seen = at.tagName === 'INPUT' ? at.nextElementSibling : at;
                    const box = seen.getBoundingClientRect(), style = getComputedStyle(seen);
                    return { path: `${at.tagName} ${at.getAttribute('href') ?? at.id} ${box.top + scrollY}`, outline: style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2,
                        inside: box.bottom > 0 && box.top < innerHeight && box.left >= 0 };
                }
                """)).ShouldNotBeNull();
            reached.Add($"{i} {at.GetProperty("path").GetString()}");
            at.GetProperty("outline").GetBoolean().ShouldBeTrue(at.ToString());
            at.GetProperty("inside").GetBoolean().ShouldBeTrue(at.ToString());
        }

        reached.Count.ShouldBe(stops);
        reached.First().ShouldStartWith("0 A #functions"); // the link that skips
        reached.ShouldContain(path => path.Contains("INPUT s12", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_tile_of_the_picture_leads_to_the_functions_card_below_the_switch()
    {
        IPage page = await OpenAsync(Off, script: true);
        await page.Locator("a.tile").Filter(new() { HasText = "04.0" }).ClickAsync();
        ILocator card = page.Locator(".card:target");
        (await card.Locator("h3").InnerTextAsync()).ShouldBe("0000:00:04.0");
        LocatorBoundingBoxResult box = (await card.BoundingBoxAsync()).ShouldNotBeNull();
        LocatorBoundingBoxResult bar = (await page.Locator(".sizes").BoundingBoxAsync()).ShouldNotBeNull();
        box.Y.ShouldBeGreaterThanOrEqualTo(bar.Y + bar.Height);
        box.Y.ShouldBeLessThan(900);
    }

    [Fact]
    public async Task A_screen_reader_finds_landmarks_names_and_tables()
    {
        IPage page = await OpenAsync(Off);
        foreach (AriaRole role in (AriaRole[])[AriaRole.Banner, AriaRole.Navigation, AriaRole.Main, AriaRole.Contentinfo])
        {
            (await page.GetByRole(role).CountAsync()).ShouldBe(1, role.ToString());
        }

        foreach (string section in (string[])["What to do", "Topology", "IOMMU groups", "All functions", "In detail"])
        {
            (await page.GetByRole(AriaRole.Region, new() { Name = section, Exact = true }).CountAsync()).ShouldBe(1, section);
        }

        (await page.GetByRole(AriaRole.Img, new() { Name = "Of 9 functions: 9 not isolated" }).CountAsync()).ShouldBe(1);
        (await page.GetByRole(AriaRole.Group, new() { Name = "Page size" }).GetByRole(AriaRole.Radio).CountAsync()).ShouldBe(3);
        ILocator card = page.GetByRole(AriaRole.Article, new() { Name = "0000:00:03.0" });
        (await card.GetByRole(AriaRole.Table, new() { Name = "BAR 0 on 4K pages" }).CountAsync()).ShouldBe(1);
        (await card.GetByRole(AriaRole.Table, new() { Name = "BAR 0 on 64K pages" }).CountAsync()).ShouldBe(0); // not chosen

        // A sign stands for the eye alone: the word beside it is what is read.
        string said = await page.Locator("#topology").AriaSnapshotAsync();
        said.ShouldContain("link \"03.0 not isolated Non-volatile memory controller nvme · group 1\"");
        said.ShouldNotContain("✗");
    }

    [Fact]
    public async Task A_host_of_4096_functions_opens_folded()
    {
        IPage page = await browser.OpenAsync(HtmlPage.Of(folder, LargePageTests.WriteTo(folder)), width: 390);
        ILocator many = page.Locator("#topology details").First;
        (await many.Locator("a.tile").First.IsVisibleAsync()).ShouldBeFalse();
        await many.Locator("summary").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        (await many.Locator("a.tile").First.IsVisibleAsync()).ShouldBeTrue();
        (await many.Locator("a.tile").CountAsync()).ShouldBe(257);
        browser.Complaints.ShouldBeEmpty();
    }

    private async Task<IPage> OpenAsync(string host, int width = 1280, ColorScheme scheme = ColorScheme.Light, bool script = false)
    {
        IPage page = await browser.OpenAsync(HtmlPage.Of(folder, CapturedHost.Archive(host)), width, scheme, script);
        browser.Complaints.ShouldBeEmpty();
        return page;
    }

    // The one page map of the NVMe function that is shown.
    private static async Task<string?> ShownAsync(IPage page) =>
        await page.GetByRole(AriaRole.Article, new() { Name = "0000:00:03.0" }).Locator("table:visible caption").TextContentAsync();
}
