using System.Text.RegularExpressions;

namespace VfioSharp.Architecture.Tests.Facts;

/// <summary>A C# file, read as far as these tests need it: no compiler, so that they see the files and not what a build makes of them.</summary>
/// <param name="Path">Its path from the root of the tree.</param>
/// <param name="Text">Its text.</param>
internal sealed partial record SourceFile(string Path, string Text)
{
    private readonly string outline = SourceOutline.Of(Text);

    public int LineCount => Text.AsSpan().TrimEnd('\n').Count('\n') + 1;

    /// <summary>The namespace, null if it declares none.</summary>
    public string? Namespace => NamespacePattern().Match(outline) is { Success: true } match ? match.Groups["name"].Value : null;

    /// <summary>Whether the namespace is declared for the whole file.</summary>
    public bool IsFileScoped => Namespace != null && NamespacePattern().Match(outline).Value.EndsWith(';');

    /// <summary>The names of the types it declares, without those nested in others.</summary>
    public IReadOnlyList<string> Types => [.. TypePattern().Matches(outline).Select(match => match.Groups["name"].Value).Distinct()];

    /// <summary>The folder, as the part of a namespace that follows the project's own.</summary>
    public string NamespaceUnder(string rootNamespace, string projectFolder)
    {
        string folder = System.IO.Path.GetRelativePath(projectFolder, System.IO.Path.GetDirectoryName(Path)!);
        return folder == "." ? rootNamespace : $"{rootNamespace}.{folder.Replace('/', '.')}";
    }

    [GeneratedRegex(@"\bnamespace\s+(?<name>[\w.]+)\s*;?")]
    private static partial Regex NamespacePattern();

    // "where T : class" is followed by no name, or by another "where".
    [GeneratedRegex(@"\b(?:(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?)\s+|delegate\s+[^;(]*?\s)(?<name>(?!where\b|class\b|struct\b)\w+)\s*(?=[<({:;]|where\b|$)")]
    private static partial Regex TypePattern();
}
