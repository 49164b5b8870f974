using System.Globalization;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Lab.Guest.Scenarios.Serving;

/// <summary>What the guest's kernel found of a function: its configuration space, its BARs, its driver, how it can be reset.</summary>
internal static class FunctionLook
{
    private const int Bars = 6;

    public static void Report(PciAddress address, GuestReport report)
    {
        string folder = $"/sys/bus/pci/devices/{address}";
        report.Observe(
            "look",
            ("address", address),
            ("configuration", Convert.ToHexStringLower(ReadAll($"{folder}/config"))),
            ("lengths", File.ReadLines($"{folder}/resource").Take(Bars).Select(Length)),
            ("driver", new FileInfo($"{folder}/driver").LinkTarget is { } target ? Path.GetFileName(target) : null),
            ("resets", File.Exists($"{folder}/reset_method") ? File.ReadAllText($"{folder}/reset_method").Trim() : null));
    }

    // start end flags
    private static ulong Length(string line)
    {
        ulong[] numbers = [.. line.Split(' ').Select(word => ulong.Parse(word.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
        return numbers[1] == 0 ? 0 : numbers[1] - numbers[0] + 1;
    }

    // Files of sysfs are not to be asked for their length.
    private static byte[] ReadAll(string path)
    {
        using FileStream file = File.OpenRead(path);
        var content = new MemoryStream();
        file.CopyTo(content);
        return content.ToArray();
    }
}
