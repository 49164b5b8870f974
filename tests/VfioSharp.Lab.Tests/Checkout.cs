namespace VfioSharp.Lab.Tests;

/// <summary>The source tree that the tests were built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Where the lab keeps what it makes.</summary>
    public static string LabFolder { get; } = Path.Combine(Root, ".build", "lab");

    private static string FindRoot(string folder)
    {
        while (!File.Exists(Path.Combine(folder, "VfioSharp.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("no VfioSharp.slnx above the tests");
        return folder;
    }
}
