using System.Globalization;
using System.Text;

namespace VfioSharp.Pci.Naming;

/// <summary>
/// Names of vendors and devices, picked from a <c>pci.ids</c> file: the format of the PCI ID project, in which a vendor stands at the start of a
/// line and its devices below it behind a tab.
/// </summary>
/// <remarks>The file has some 40,000 lines of which a host needs a dozen: one pass over the bytes keeps those and decodes no other.</remarks>
public sealed class PciIds
{
    private readonly SortedDictionary<ushort, string> vendors = [];
    private readonly SortedDictionary<(ushort Vendor, ushort Device), string> devices = [];

    private PciIds()
    {
    }

    /// <summary>No names.</summary>
    public static PciIds Empty { get; } = new();

    /// <summary>Whether it holds no name.</summary>
    public bool IsEmpty => vendors.Count == 0;

    /// <summary>The vendor's name, or null.</summary>
    public string? VendorName(ushort vendor) => vendors.GetValueOrDefault(vendor);

    /// <summary>The device's name, without its vendor's, or null.</summary>
    public string? DeviceName(ushort vendor, ushort device) => devices.GetValueOrDefault((vendor, device));

    /// <summary>Picks the names of the given devices and their vendors. Lines that make no sense are passed over.</summary>
    public static PciIds Read(ReadOnlySpan<byte> file, IEnumerable<(ushort Vendor, ushort Device)> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        HashSet<(ushort, ushort)> pairs = [.. wanted];
        HashSet<ushort> wantedVendors = [.. pairs.Select(pair => pair.Item1)];
        var names = new PciIds();
        ushort? vendor = null;
        while (!file.IsEmpty)
        {
            int end = file.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? file : file[..end];
            file = end < 0 ? default : file[(end + 1)..];
            if (line.StartsWith("C "u8))
            {
                break; // device classes follow the vendors
            }

            if (line.StartsWith("\t"u8))
            {
                if (vendor is { } owner && TryEntry(line[1..], out ushort device, out ReadOnlySpan<byte> name) && pairs.Contains((owner, device)))
                {
                    names.devices[(owner, device)] = TextOf(name);
                }
            }
            else if (TryEntry(line, out ushort id, out ReadOnlySpan<byte> name))
            {
                vendor = wantedVendors.Contains(id) ? id : null;
                if (vendor is not null)
                {
                    names.vendors[id] = TextOf(name);
                }
            }
        }

        return names;
    }

    /// <summary>The names as a file of the same format.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach ((ushort vendor, string name) in vendors)
        {
            text.Append(CultureInfo.InvariantCulture, $"{vendor:x4}  {name}\n");
            foreach (((ushort owner, ushort device), string deviceName) in devices)
            {
                if (owner == vendor)
                {
                    text.Append(CultureInfo.InvariantCulture, $"\t{device:x4}  {deviceName}\n");
                }
            }
        }

        return text.ToString();
    }

    // A snapshot's file comes from elsewhere: what a terminal would obey must not reach one.
    private static string TextOf(ReadOnlySpan<byte> name) =>
        string.Create(Encoding.UTF8.GetCharCount(name), name, static (chars, bytes) =>
        {
            Encoding.UTF8.GetChars(bytes, chars);
            foreach (ref char c in chars)
            {
                c = char.IsControl(c) ? '?' : c;
            }
        });

    // Four hexadecimal digits, two spaces, the name.
    private static bool TryEntry(ReadOnlySpan<byte> line, out ushort id, out ReadOnlySpan<byte> name)
    {
        id = 0;
        name = default;
        if (line.Length < 7 || line[4] != ' ' || line[5] != ' ')
        {
            return false;
        }

        name = line[6..].Trim(" \r\t"u8);
        return ushort.TryParse(line[..4], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out id);
    }
}
