using VfioSharp.Cli.Output;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Cli.Html;

/// <summary>How the page shows a verdict: by a colour, a sign and a word, any of which is enough.</summary>
internal static class VerdictMark
{
    /// <summary>Worst first, as the page counts them.</summary>
    public static IReadOnlyList<IsolationVerdict> All { get; } = [IsolationVerdict.NotIsolated, IsolationVerdict.Unknown, IsolationVerdict.Isolated];

    /// <summary>The class that the style gives a colour.</summary>
    public static string StyleClass(IsolationVerdict verdict) => verdict switch
    {
        IsolationVerdict.Isolated => "yes",
        IsolationVerdict.NotIsolated => "no",
        _ => "maybe",
    };

    public static string Sign(IsolationVerdict verdict) => verdict switch
    {
        IsolationVerdict.Isolated => "✓",
        IsolationVerdict.NotIsolated => "✗",
        _ => "?",
    };

    /// <summary>Sign and word on the verdict's colour.</summary>
    public static void Write(HtmlWriter page, IsolationVerdict verdict)
    {
        page.Open("span", $"badge {StyleClass(verdict)}");
        Sign(page, Sign(verdict));
        page.Text(FunctionReport.Describe(verdict)).Close();
    }

    /// <summary>A sign beside the word that says the same: for the eye alone.</summary>
    public static void Sign(HtmlWriter page, string sign) => page.Open("span", "sign").Attribute("aria-hidden", "true").Text(sign).Close().Text(" ");
}
