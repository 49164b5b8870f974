namespace VfioSharp.Architecture.Tests.Facts;

/// <summary>The rules of the house. Each answers with what breaks it; empty is good.</summary>
internal static class RoomRules
{
    public const string UnsafeRoom = "VfioSharp.Devices";
    public const string InteropNamespace = "VfioSharp.Devices.Interop";
    public const int MaximumLines = 400;

    private static readonly string[] Seams = ["VfioSharp.Pci", "VfioSharp.Devices"];

    /// <summary>Which rooms a room may refer to: the table of the design, and the only place it stands in code.</summary>
    private static readonly Dictionary<string, string[]> AllowedReferences = new()
    {
        ["VfioSharp.Pci"] = [],
        ["VfioSharp.Devices"] = ["VfioSharp.Pci"],
        ["VfioSharp.VirtualHost"] = Seams,
        ["VfioSharp.Linux"] = Seams,
        ["VfioSharp.VfioUser"] = Seams,
        ["VfioSharp.Nvme"] = Seams,
        ["VfioSharp.Testing"] = Seams,
        ["vfio"] = [.. Seams, "VfioSharp.VirtualHost", "VfioSharp.Linux", "VfioSharp.VfioUser", "VfioSharp.Nvme"],
    };

    private static readonly string[] AllowedPackages = ["Microsoft.Extensions.Logging.Abstractions"];

    /// <summary>
    /// Types through which a program reaches outside itself. Not <c>System.Environment</c>: the compiler uses it in iterators
    /// (the banned symbols of the room keep it out of the source).
    /// </summary>
    private static readonly string[] InputOutputTypes =
    [
        "System.Console", "System.Diagnostics.Process",
        "System.IO.File", "System.IO.FileInfo", "System.IO.FileStream", "System.IO.FileSystemInfo", "System.IO.FileSystemWatcher",
        "System.IO.Directory", "System.IO.DirectoryInfo", "System.IO.DriveInfo", "System.IO.RandomAccess",
        "System.IO.MemoryMappedFiles.MemoryMappedFile", "System.Runtime.InteropServices.RuntimeInformation",
    ];

    public static IEnumerable<string> ForbiddenRooms(string room, IEnumerable<string> references)
    {
        if (!AllowedReferences.TryGetValue(room, out string[]? allowed))
            return [$"{room} is no room of the design"];
        return references
            .Where(reference => AllowedReferences.ContainsKey(reference) && !allowed.Contains(reference))
            .Select(reference => $"{room} refers to {reference}");
    }

    public static IEnumerable<string> ForeignReferences(AssemblyFacts assembly, IReadOnlySet<string> framework) =>
        assembly.References
            .Where(name => !framework.Contains(name) && !AllowedReferences.ContainsKey(name) && !AllowedPackages.Contains(name))
            .Select(name => $"{assembly.Name} refers to {name}");

    public static IEnumerable<string> ForeignPackages(ProjectFile library) =>
        library.PublicPackages.Except(AllowedPackages).Select(package => $"{library.Name} uses the package {package}");

    public static IEnumerable<string> MisplacedImports(AssemblyFacts assembly) =>
        assembly.Imports
            .Where(import => assembly.Name != UnsafeRoom || import.Namespace != InteropNamespace)
            .Select(import => $"{assembly.Name} imports {import.Function} in {import.Namespace}");

    public static IEnumerable<string> InputOutput(AssemblyFacts assembly) =>
        assembly.UsedTypes
            .Where(type => InputOutputTypes.Contains(type) || type.StartsWith("System.Net.", StringComparison.Ordinal))
            .Select(type => $"{assembly.Name} uses {type}");

    /// <summary>What others may call is written down beside the project and compared by an analyzer.</summary>
    public static IEnumerable<string> UncheckedSurface(AssemblyFacts assembly, string projectFolder) =>
        assembly.PublicTypes.Count == 0
            ? []
            : new[] { "PublicAPI.Shipped.txt", "PublicAPI.Unshipped.txt" }
                .Where(file => !File.Exists(Path.Combine(projectFolder, file)))
                .Select(file => $"{assembly.Name} shows {assembly.PublicTypes[0]} and has no {file}");

    public static IEnumerable<string> Layout(SourceFile file, string rootNamespace, string projectFolder)
    {
        if (file.LineCount > MaximumLines)
            yield return $"{file.Path} has {file.LineCount} lines";

        // Only the program's entry point and attributes of the assembly stand outside a type.
        if (file.Types.Count == 0 && file.Namespace == null)
            yield break;
        string name = Path.GetFileName(file.Path).Split('.')[0];
        if (file.Types is not [string type] || type != name)
            yield return $"{file.Path} declares {string.Join(", ", file.Types)}, expected {name} alone";
        string expected = file.NamespaceUnder(rootNamespace, projectFolder);
        if (file.Namespace != expected || !file.IsFileScoped)
            yield return $"{file.Path} declares namespace {file.Namespace}, expected {expected} for the whole file";
    }

    public static IEnumerable<string> UnpinnedVersions(ProjectFile packages) =>
        packages.Xml.Descendants()
            .Where(element => element.Name.LocalName == "PackageVersion")
            .Where(element => element.Attribute("Version")?.Value is not { } version || !char.IsAsciiDigit(version[0]) || version.Contains('*'))
            .Select(element => $"{element.Attribute("Include")?.Value} has no exact version");
}
