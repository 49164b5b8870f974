using System.Xml.Linq;

namespace VfioSharp.Architecture.Tests.Facts;

/// <summary>What a project file says.</summary>
internal sealed record ProjectFile(string Path, XElement Xml)
{
    public static ProjectFile Load(string path) => new(path, XElement.Load(path));

    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    public string RootNamespace => Property("RootNamespace") ?? Name;

    public bool IsProgram => Property("OutputType") == "Exe";

    public bool AllowsUnsafe => Property("AllowUnsafeBlocks") == "true";

    /// <summary>The names of the projects it refers to.</summary>
    public IEnumerable<string> ProjectReferences =>
        Includes("ProjectReference").Select(include => System.IO.Path.GetFileNameWithoutExtension(include));

    /// <summary>The packages that reach its users; analyzers and the like stay private.</summary>
    public IEnumerable<string> PublicPackages =>
        Items("PackageReference").Where(item => Value(item, "PrivateAssets") != "all").Select(item => Value(item, "Include") ?? "");

    /// <summary>The packages whose version stands in this file rather than in Directory.Packages.props.</summary>
    public IEnumerable<string> VersionedPackages =>
        Items("PackageReference")
            .Where(item => Value(item, "Version") != null || Value(item, "VersionOverride") != null)
            .Select(item => Value(item, "Include") ?? Value(item, "Update") ?? "");

    public IEnumerable<string> Packages => Includes("PackageReference");

    public string? Property(string name) => Items(name).LastOrDefault()?.Value;

    private IEnumerable<string> Includes(string name) => Items(name).Select(item => Value(item, "Include")).OfType<string>();

    private IEnumerable<XElement> Items(string name) => Xml.Descendants().Where(element => element.Name.LocalName == name);

    private static string? Value(XElement item, string name) =>
        item.Attribute(name)?.Value ?? item.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;
}
