using System.Text;

namespace VfioSharp.Architecture.Tests.Facts;

/// <summary>
/// The outermost level of a C# file: its text without comments, literals and whatever stands in brackets. Literals within the
/// holes of an interpolated string are taken for code between two literals, which does no harm unless they hold brackets.
/// </summary>
internal static class SourceOutline
{
    public static string Of(string text)
    {
        var outline = new StringBuilder();
        int depth = 0;
        for (int i = 0; i < text.Length;)
        {
            int end = EndOfTrivia(text, i);
            if (end > i)
            {
                outline.Append(' ');
                i = end;
                continue;
            }

            char c = text[i++];
            if (c is '}' or ')' or ']')
                depth--;
            if (depth == 0)
                outline.Append(c);
            if (c is '{' or '(' or '[')
                depth++;
        }

        return outline.ToString();
    }

    /// <summary>Where the comment, directive or literal that starts here ends; where it starts, if none does.</summary>
    private static int EndOfTrivia(string text, int start)
    {
        ReadOnlySpan<char> rest = text.AsSpan(start);
        if (rest.StartsWith("//") || (rest[0] == '#' && (start == 0 || text[start - 1] == '\n')))
            return After(text, "\n", start);
        if (rest.StartsWith("/*"))
            return After(text, "*/", start + 2);
        if (rest[0] == '\'')
            return AfterEscaped(text, '\'', start + 1);

        int prefix = rest.IndexOfAnyExcept('$', '@');
        if (prefix < 0 || rest[prefix] != '"')
            return start;

        if (rest[..prefix].Contains('@'))
            return AfterVerbatim(text, start + prefix + 1);
        int quotes = rest[prefix..].IndexOfAnyExcept('"');
        quotes = quotes < 0 ? rest.Length - prefix : quotes;
        if (quotes >= 3)
            return After(text, new string('"', quotes), start + prefix + quotes);
        return AfterEscaped(text, '"', start + prefix + 1);
    }

    private static int After(string text, string terminator, int from)
    {
        int at = text.IndexOf(terminator, from, StringComparison.Ordinal);
        return at < 0 ? text.Length : at + terminator.Length;
    }

    private static int AfterEscaped(string text, char quote, int from)
    {
        while (from < text.Length && text[from] != quote)
            from += text[from] == '\\' ? 2 : 1;
        return Math.Min(from + 1, text.Length);
    }

    private static int AfterVerbatim(string text, int from)
    {
        for (; from < text.Length; from++)
        {
            if (text[from] != '"')
                continue;
            if (from + 1 == text.Length || text[from + 1] != '"')
                return from + 1;
            from++;
        }

        return text.Length;
    }
}
