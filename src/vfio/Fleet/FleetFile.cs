using System.Text.Json;
using VfioSharp.Cli.Commands;
using VfioSharp.Pci.Audit;

namespace VfioSharp.Cli.Fleet;

/// <summary>Reads a host from a file or folder that tells about one: a snapshot, or what <c>vfio audit --json</c> printed.</summary>
internal static class FleetFile
{
    /// <summary>The host that a command reads as this machine, in place of a file.</summary>
    public const string Now = "now";

    private const string Json = ".json";

    private static readonly string[] Endings = [".tar.gz", ".tgz", ".tar", Json];

    /// <summary>Whether a file's name says that it may be one.</summary>
    public static bool IsCandidate(string path) => Endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    /// <summary>Its name without what says which kind it is; of a capture in a folder of its own (<c>NAME/host.tar.gz</c>) the folder's name.</summary>
    public static string NameOf(string path)
    {
        string file = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        string ending = Endings.FirstOrDefault(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) ?? "";
        string name = file[..^ending.Length];
        return name == "host" && Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path))) is { Length: > 0 } folder ? folder : name;
    }

    /// <summary>Reads one.</summary>
    /// <param name="path">A snapshot, a folder that holds a host's files, or JSON.</param>
    /// <exception cref="CliException">It is not there, or cannot be read.</exception>
    public static FleetHost Read(string path)
    {
        if (!path.EndsWith(Json, StringComparison.OrdinalIgnoreCase) || Directory.Exists(path))
        {
            return FleetHost.Of(NameOf(path), HostAudit.Of(HostSource.Read(path, path)));
        }

        try
        {
            using FileStream file = File.OpenRead(path);
            using var document = JsonDocument.Parse(file);
            return FleetHost.Parse(NameOf(path), document.RootElement);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException(ExitStatus.InputMissing, $"{path}: there is no such file");
        }
        catch (JsonException problem)
        {
            throw new CliException(ExitStatus.IoError, $"{path}: it is no JSON: {problem.Message}");
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitStatus.IoError, $"{path}: {problem.Message}");
        }
    }
}
