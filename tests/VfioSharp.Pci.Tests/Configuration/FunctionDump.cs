using System.Globalization;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Pci.Tests.Configuration;

/// <summary>A function as a host showed it: its configuration space and its <c>resource</c> text, from a file under Data/functions.</summary>
internal sealed record FunctionDump(string Name, byte[] Image, string Resource)
{
    public static IReadOnlyList<FunctionDump> All { get; } =
        [.. Directory.EnumerateFiles(Folder, "*.txt").Order(StringComparer.Ordinal).Select(path => Parse(Path.GetFileNameWithoutExtension(path), File.ReadAllLines(path)))];

    public ConfigurationSpace Space => new(Image);

    public BarSet Bars => BarSet.FromResource(Resource);

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Data", "functions");

    public static FunctionDump Load(string name) => All.Single(dump => dump.Name == name);

    /// <summary>An image made of lines like <c>034: 40 00</c>, all else zero.</summary>
    public static byte[] Bytes(int length, params IEnumerable<string> lines)
    {
        var image = new byte[length];
        foreach (string line in lines)
        {
            string[] parts = line.Split(':');
            int offset = int.Parse(parts[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            foreach (string value in parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                image[offset++] = byte.Parse(value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }
        }

        return image;
    }

    /// <inheritdoc cref="Bytes"/>
    public static ConfigurationSpace SpaceOf(int length, params IEnumerable<string> lines) => new(Bytes(length, lines));

    private static FunctionDump Parse(string name, string[] lines)
    {
        int length = int.Parse(lines.First(line => line.StartsWith("length ", StringComparison.Ordinal))["length ".Length..], CultureInfo.InvariantCulture);
        int resource = Array.IndexOf(lines, "resource");
        return new FunctionDump(
            name,
            Bytes(length, lines[..resource].Where(line => line.Contains(':') && !line.StartsWith('#'))),
            string.Join('\n', lines[(resource + 1)..]) + "\n");
    }
}
