using System.Text;
using System.Text.RegularExpressions;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Tests.Hosts;

/// <summary>The entries of a host's tree, to be damaged: what a broken disk, a careless archiver or a malicious sender might make of it.</summary>
internal sealed class HostileTree(IEnumerable<MemoryTreeEntry> entries)
{
    private const string Functions = "sys/bus/pci/devices/";

    private static readonly string[] Nonsense =
    [
        "", "\n", "\0\0\0", "0x", "-1", "0xffffffffffffffffffff", "99999999999999999999", "0000:00:00.0", "ffffffff:ff:1f.7", "../../..", "\uFEFF1", "¹²³", "(null)", "N",
        "[", "]", "[ 0.1", "IR-", "PCI-MSI", "0x0 0x0", "0xffffffffffffffff 0xffffffffffffffff 0x14220c", "0x0 0xffffffffffffffff 0x14220c", "a  b  c", "Linux version",
    ];

    private static readonly string[] Targets =
    [
        "", ".", "..", "/", "//", "../..", "self", "../../../../../../../../../../..", "/sys/bus/pci/devices", "../../../devices", "../0000:00:00.0", "nowhere/-1",
        "kernel/iommu_groups/abc", "kernel/iommu_groups/-1", "kernel/iommu_groups/2147483648", "kernel/iommu_groups/2147483647", "kernel/iommu_groups/1/",
        "bus/pci/drivers/a name", "bus/pci/drivers/\n", "firmware/devicetree/base/", "firmware/devicetree/base/../..",
    ];

    private readonly List<MemoryTreeEntry> entries = [.. entries];

    public MemoryTree ToTree()
    {
        var tree = new MemoryTree();
        foreach (MemoryTreeEntry entry in entries)
        {
            switch (entry)
            {
                case { Link: { } link }:
                    tree.AddLink(entry.Path, link);
                    break;
                case { File: { } file }:
                    tree.AddFile(entry.Path, file);
                    break;
                default:
                    tree.AddFolder(entry.Path);
                    break;
            }
        }

        return tree;
    }

    /// <summary>Does one thing to it that a host would not.</summary>
    public void Damage(Random random)
    {
        int kind = random.Next(12);
        if (kind == 0 || entries.Count == 0)
        {
            Remove(random);
            return;
        }

        int index = random.Next(entries.Count);
        MemoryTreeEntry entry = entries[index];
        switch (kind)
        {
            case 1:
                entries[index] = entry with { Link = null, File = HostFile.Of(Bytes(random, random.Next(300))) };
                break;
            case 2:
                entries[index] = entry with { Link = null, File = Text(Pick(random, Nonsense)) };
                break;
            case 3:
                entries[index] = entry with { Link = null, File = random.Next(2) == 0 ? HostFile.Denied : new HostFile(HostFileState.Failed, default) };
                break;
            case 4:
                entries[index] = entry with { File = null, Link = random.Next(2) == 0 ? Pick(random, Targets) : "/" + entries[random.Next(entries.Count)].Path };
                break;
            case 5:
                entries[index] = new MemoryTreeEntry(HostPathUp(entry.Path), HostPathUp(entry.Path), null); // a link to itself in a folder's place
                break;
            case 6 when entry.File is { IsRead: true } file:
                entries[index] = entry with { File = HostFile.Of(Acpi.Fuzz.Mutate(random, file.Content.IsEmpty ? [0] : file.Content.ToArray())) };
                break;
            case 7 when entry.File is { IsRead: true } file:
                entries[index] = entry with { File = Text(Inflate(random, Encoding.UTF8.GetString(file.Content.Span))) };
                break;
            case 8:
                MakeBridge(random);
                break;
            case 9:
                Rename(random);
                break;
            case 10:
                Flatten(random);
                break;
            default:
                entries.Add(entries[random.Next(entries.Count)] with { Path = entry.Path + "/below" });
                break;
        }
    }

    /// <summary>Takes away a file, a link or a folder with all in it.</summary>
    /// <returns>What was taken.</returns>
    public string Remove(Random random)
    {
        if (entries.Count == 0)
        {
            return "";
        }

        string path = entries[random.Next(entries.Count)].Path;
        for (int up = random.Next(8) == 0 ? random.Next(4) : 0; up > 0; up--)
        {
            path = HostPathUp(path);
        }

        entries.RemoveAll(entry => entry.Path == path || entry.Path.StartsWith(path + "/", StringComparison.Ordinal));
        return path;
    }

    private static string HostPathUp(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : path;

    private static T Pick<T>(Random random, T[] choices) => choices[random.Next(choices.Length)];

    private static HostFile Text(string text) => HostFile.Of(Encoding.UTF8.GetBytes(text));

    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    // A number in the text grows beyond what fits anywhere.
    private static string Inflate(Random random, string text)
    {
        MatchCollection numbers = Regex.Matches(text, "[0-9a-f]+");
        if (numbers.Count == 0)
        {
            return text;
        }

        Match number = numbers[random.Next(numbers.Count)];
        return string.Concat(text.AsSpan(0, number.Index), Pick(random, ["18446744073709551616", "2147483648", "ffffffffffffffff", "-5", "00000000000000000001"]),
            text.AsSpan(number.Index + number.Length));
    }

    // Any function may claim to be a bridge to any bus: its own, another's, one that leads back to it.
    private void MakeBridge(Random random)
    {
        for (int bridges = random.Next(1, 4); bridges > 0; bridges--)
        {
            int index = Any(random, entry => entry.File is { IsRead: true, Content.Length: >= 64 } && entry.Path.EndsWith("/config", StringComparison.Ordinal));
            if (index >= 0)
            {
                byte[] image = entries[index].File!.Value.Content.ToArray();
                image[0x0e] = (byte)random.Next(1, 3);
                image[0x18] = (byte)random.Next(4);
                image[0x19] = (byte)random.Next(4);
                image[0x1a] = (byte)random.Next(256);
                entries[index] = entries[index] with { File = HostFile.Of(image) };
            }
        }
    }

    // Another spelling of the same address, another address, or none.
    private void Rename(Random random)
    {
        int index = Any(random, entry => entry.Path.StartsWith(Functions, StringComparison.Ordinal));
        if (index >= 0)
        {
            string name = entries[index].Path[Functions.Length..].Split('/')[0];
            string other = Pick(random, [name.Length > 5 ? name[5..] : name, name.ToUpperInvariant(), "0" + name, "0000:00:00.0", "ffffffff:ff:1f.7", "no address", name + " "]);
            entries.AddRange([.. from entry in entries
                                 where (entry.Path + "/").StartsWith($"{Functions}{name}/", StringComparison.Ordinal)
                                 select entry with { Path = Functions + other + entry.Path[(Functions.Length + name.Length)..] }]);
        }
    }

    // A function whose folder is no link, so that nothing but bus numbers tells what it hangs on.
    private void Flatten(Random random)
    {
        int index = Any(random, entry => entry.Link is not null && entry.Path.StartsWith(Functions, StringComparison.Ordinal));
        if (index >= 0)
        {
            string folder = "/" + entries[index].Link!.TrimStart('.', '/') + "/";
            string listed = entries[index].Path;
            entries.RemoveAt(index);
            entries.AddRange([.. from entry in entries
                                 where entry.Path.Contains(folder, StringComparison.Ordinal)
                                 select entry with { Path = $"{listed}/{entry.Path[(entry.Path.IndexOf(folder, StringComparison.Ordinal) + folder.Length)..]}" }]);
        }
    }

    private int Any(Random random, Func<MemoryTreeEntry, bool> wanted)
    {
        int[] found = [.. Enumerable.Range(0, entries.Count).Where(index => wanted(entries[index]))];
        return found.Length == 0 ? -1 : found[random.Next(found.Length)];
    }
}
