using System.Globalization;
using System.Text;
using System.Xml;

namespace VfioSharp.Cli.Html;

/// <summary>
/// Writes HTML that is well-formed XML as well. Text and attribute values are escaped here and nowhere else, so that nothing a host says
/// becomes markup.
/// </summary>
internal sealed class HtmlWriter : IDisposable
{
    private readonly XmlWriter xml;

    private HtmlWriter(XmlWriter xml)
    {
        this.xml = xml;
    }

    /// <summary>Writes a page, in UTF-8.</summary>
    public static HtmlWriter OfPage(Stream stream)
    {
        var writer = new HtmlWriter(XmlWriter.Create(stream, new XmlWriterSettings
        {
            Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            OmitXmlDeclaration = true,
            NewLineHandling = NewLineHandling.None,
        }));
        writer.xml.WriteRaw("<!DOCTYPE html>\n");
        return writer;
    }

    /// <summary>The markup that something writes, to be put into a page by <see cref="Markup"/>.</summary>
    public static string MarkupOf(Action<HtmlWriter> write)
    {
        var text = new StringBuilder();
        using (var writer = new HtmlWriter(XmlWriter.Create(text, new XmlWriterSettings
        {
            ConformanceLevel = ConformanceLevel.Fragment,
            NewLineHandling = NewLineHandling.None,
        })))
        {
            write(writer);
        }

        return text.ToString();
    }

    /// <summary>Opens an element.</summary>
    public HtmlWriter Open(string element, string? styleClass = null)
    {
        xml.WriteStartElement(element);
        return styleClass is null ? this : Attribute("class", styleClass);
    }

    /// <summary>Gives an attribute to the element that was just opened.</summary>
    public HtmlWriter Attribute(string name, string value)
    {
        xml.WriteAttributeString(name, Harmless(value));
        return this;
    }

    /// <summary>Closes the innermost element, which may hold something.</summary>
    public HtmlWriter Close()
    {
        xml.WriteFullEndElement();
        return this;
    }

    /// <summary>Closes the innermost element, which never holds anything (<c>meta</c>, <c>input</c>).</summary>
    public HtmlWriter CloseVoid()
    {
        xml.WriteEndElement();
        return this;
    }

    /// <summary>Writes text.</summary>
    public HtmlWriter Text(string text)
    {
        xml.WriteString(Harmless(text));
        return this;
    }

    /// <summary>Writes an element that holds text alone.</summary>
    public HtmlWriter Element(string element, string text, string? styleClass = null) => Open(element, styleClass).Text(text).Close();

    /// <summary>Writes a link within the page.</summary>
    public HtmlWriter Link(string anchor, string text) => Open("a").Attribute("href", $"#{anchor}").Text(text).Close();

    /// <summary>Writes markup as it is: <see cref="MarkupOf"/>'s, or the page's own style.</summary>
    public HtmlWriter Markup(string markup)
    {
        xml.WriteRaw(markup);
        return this;
    }

    public void Dispose() => xml.Dispose();

    // Control characters are no XML; format characters turn the reading direction of what stands beside them; halves of pairs are no text.
    private static string Harmless(string text)
    {
        if (text.All(char.IsAscii) && !text.Any(char.IsControl))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool harms = Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            clean.Append((harms ? Rune.ReplacementChar : rune).ToString());
        }

        return clean.ToString();
    }
}
