using System.Runtime.CompilerServices;
using Microsoft.Playwright;

namespace VfioSharp.Cli.Tests.Html;

/// <summary>
/// Chromium without a window: the one that <c>lab/prepare browser</c> unpacked, or the system's. Tests that need it are skipped, with the
/// reason, where there is none.
/// </summary>
public sealed class Browser : IAsyncLifetime
{
    private readonly List<string> complaints = [];
    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <summary>What pages have said on their consoles, thrown, or asked of a network.</summary>
    public IReadOnlyList<string> Complaints => complaints;

    private static string Prepared { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../.build/browser"));

    public async ValueTask InitializeAsync()
    {
        if (Program() is not { } program)
        {
            return;
        }

        playwright = await Playwright.CreateAsync();

        // The pages are our own, and a container's root has no other sandbox.
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = ["--no-sandbox"] });
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
        {
            await browser.DisposeAsync();
        }

        playwright?.Dispose();
    }

    /// <summary>Opens a page, with nothing but it and no script of its own allowed to run.</summary>
    internal async Task<IPage> OpenAsync(HtmlPage page, int width = 1280, ColorScheme scheme = ColorScheme.Light, bool script = false)
    {
        Assert.SkipWhen(browser is null, File.Exists(Prepared + ".reason") ? await File.ReadAllTextAsync(Prepared + ".reason") : "there is no Chromium; lab/prepare browser fetches it");
        IBrowserContext context = await browser!.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = 900 },
            ColorScheme = scheme,
            JavaScriptEnabled = script,
            Offline = true,
        });
        IPage opened = await context.NewPageAsync();
        opened.Console += (_, message) => complaints.Add($"console: {message.Text}");
        opened.PageError += (_, error) => complaints.Add($"error: {error}");
        opened.Dialog += (_, dialog) => complaints.Add($"dialog: {dialog.Message}");
        opened.Request += (_, request) =>
        {
            if (request.Url != $"file://{page.Path}")
            {
                complaints.Add($"request: {request.Url}");
            }
        };
        await opened.GotoAsync($"file://{page.Path}");
        return opened;
    }

    private static string? Program() => ((string[])[$"{Prepared}/chromium", .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .SelectMany(folder => (string[])[$"{folder}/chromium", $"{folder}/chromium-headless-shell"])]).FirstOrDefault(File.Exists);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
