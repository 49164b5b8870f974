using System.Numerics;
using System.Text;
using VfioSharp.Pci.Audit;

namespace VfioSharp.Cli.Html;

/// <summary>The page sizes that the page can show, and the switch between them, which works by style alone.</summary>
internal sealed class PageSizes(HostAudit audit)
{
    /// <summary>Those that Linux is built with, and the one that the audit decided for.</summary>
    public IReadOnlyList<uint> All { get; } = [.. new SortedSet<uint> { 4 << 10, 16 << 10, 64 << 10, audit.PageSize }];

    /// <summary>The class of what is shown at a page size alone; also names the switch's position.</summary>
    public static string StyleClass(uint pageSize) => $"s{BitOperations.Log2(pageSize)}";

    /// <summary>The rules that hide what belongs to the sizes that are not chosen. A browser that lacks <c>:has()</c> shows them all, each under its caption.</summary>
    public string Style()
    {
        var style = new StringBuilder("@supports selector(:root:has(a)){");
        foreach (uint size in All)
        {
            style.Append($":root:has(#{StyleClass(size)}:checked) .at:not(.{StyleClass(size)}){{display:none}}");
        }

        return style.Append('}').ToString();
    }

    /// <summary>Writes the switch.</summary>
    public void Write(HtmlWriter page)
    {
        page.Open("form", "sizes").Attribute("autocomplete", "off").Open("fieldset").Element("legend", "Page size");
        foreach (uint size in All)
        {
            page.Open("input").Attribute("type", "radio").Attribute("name", "size").Attribute("id", StyleClass(size));
            if (size == audit.PageSize)
            {
                page.Attribute("checked", "checked");
            }

            page.CloseVoid().Open("label").Attribute("for", StyleClass(size)).Text(SizeText.Format(size));
            if (size == audit.Host.PageSize)
            {
                page.Element("small", audit.Host.PageSizeIsAssumed ? " assumed here" : " the host's");
            }

            page.Close();
        }

        page.Close().Close();
    }
}
