using System.Text.Json;

namespace VfioSharp.Cli.Tests;

/// <summary>A host captured from a real kernel: its archive, and what that kernel's VFIO then did with each function.</summary>
internal static class CapturedHost
{
    private static string Root { get; } = Path.Combine(AppContext.BaseDirectory, "Data", "hosts");

    public static TheoryData<string> All => [.. Directory.GetDirectories(Root).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    /// <summary>Those where a reader without privilege was tried as well.</summary>
    public static TheoryData<string> SeenUnprivileged => [.. All.Select(row => row.Data)
        .Where(host => File.Exists(Path.Combine(Root, host, "unprivileged.jsonl")))];

    public static string Archive(string host) => Path.Combine(Root, host, "host.tar.gz");

    /// <summary>One object a function: bdf, verdict, msix, regions.</summary>
    public static IReadOnlyList<JsonElement> Truth(string host) => Lines(host, "truth.jsonl");

    /// <summary>One object a file that an unprivileged reader tried: path, bytes, open_errno.</summary>
    public static IReadOnlyList<JsonElement> Unprivileged(string host) => Lines(host, "unprivileged.jsonl");

    private static IReadOnlyList<JsonElement> Lines(string host, string file) =>
        [.. File.ReadLines(Path.Combine(Root, host, file)).Where(line => line.Length > 0).Select(line => JsonElement.Parse(line))];
}
