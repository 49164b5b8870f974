namespace VfioSharp.Linux.Tests;

/// <summary>The hosts whose files were captured, one folder each under Data/hosts.</summary>
internal static class CapturedHosts
{
    private static string Root { get; } = Path.Combine(AppContext.BaseDirectory, "Data", "hosts");

    public static TheoryData<string> Names =>
        [.. Directory.GetDirectories(Root).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    public static string Archive(string host) => Path.Combine(Root, host, "host.tar.gz");
}
