namespace VfioSharp.Architecture.Tests.Facts;

/// <summary>The source tree that the tests were built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>The rooms under src/, by name.</summary>
    public static IReadOnlyList<ProjectFile> Rooms { get; } = Projects("src");

    public static IReadOnlyList<ProjectFile> Tests { get; } = Projects("tests");

    /// <summary>The built assembly of a room: it lies beside the tests because they refer to every room.</summary>
    public static AssemblyFacts Assembly(ProjectFile room) =>
        AssemblyFacts.Read(Path.Combine(AppContext.BaseDirectory, room.Name + ".dll"));

    /// <summary>The C# files under a folder, without what a build leaves there.</summary>
    public static IEnumerable<SourceFile> Sources(string folder) =>
        Files(Path.Combine(Root, folder), "*.cs")
            .Select(path => new SourceFile(Path.GetRelativePath(Root, path), File.ReadAllText(path)));

    /// <summary>The files that MSBuild reads: projects and what they import from the tree.</summary>
    public static IEnumerable<string> BuildFiles() =>
        new[] { "*.csproj", "*.props", "*.targets" }.SelectMany(pattern => Files(Root, pattern));

    private static List<ProjectFile> Projects(string folder) =>
        [.. Files(Path.Combine(Root, folder), "*.csproj").Order(StringComparer.Ordinal).Select(ProjectFile.Load)];

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories)
            .Where(path => !Path.GetRelativePath(folder, path).Split('/').Any(part => part is "bin" or "obj" || part.StartsWith('.')));

    private static string FindRoot(string folder)
    {
        while (!File.Exists(Path.Combine(folder, "VfioSharp.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("no VfioSharp.slnx above the tests");
        return folder;
    }
}
