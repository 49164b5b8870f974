using System.Runtime.CompilerServices;

namespace VfioSharp.Cli.Tests;

/// <summary>
/// Texts compared character by character with files under Golden/. VFIOSHARP_GOLDEN=write writes them instead: look at the difference that git
/// shows before committing it.
/// </summary>
internal static class Golden
{
    private static string Folder { get; } = Path.Combine(Path.GetDirectoryName(ThisFile())!, "Golden");

    public static void ShouldMatch(string actual, string name)
    {
        string file = Path.Combine(Folder, name + ".txt");
        if (Environment.GetEnvironmentVariable("VFIOSHARP_GOLDEN") == "write")
        {
            File.WriteAllText(file, actual);
            Assert.Skip($"Golden/{name}.txt was written, not compared");
        }

        File.Exists(file).ShouldBeTrue($"Golden/{name}.txt is missing: run with VFIOSHARP_GOLDEN=write");
        actual.ShouldBe(File.ReadAllText(file), $"differs from Golden/{name}.txt; if the new text is right, run with VFIOSHARP_GOLDEN=write");
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
