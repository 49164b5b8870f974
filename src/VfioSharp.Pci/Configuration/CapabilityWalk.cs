using System.Globalization;

namespace VfioSharp.Pci.Configuration;

/// <summary>
/// Walks the two capability lists. Each offset is visited once at most, so that a walk ends whatever the image holds, and every oddity
/// becomes a finding.
/// </summary>
internal sealed class CapabilityWalk(ConfigurationSpace configuration)
{
    private const int ReservedPointerBits = 3;
    private const int DwordLength = 4;

    private readonly bool[] visited = new bool[ConfigurationSpace.MaxLength / DwordLength];

    public List<PciCapability> Found { get; } = [];

    public List<ConfigurationFinding> Findings { get; } = [];

    /// <summary>The list in the first 256 bytes (PCIe 6.0, 7.5.1.1.11).</summary>
    public void Standard()
    {
        if (configuration is { Length: > 0, HoldsHeader: false })
        {
            Note(0, configuration.IsAbsent
                ? "configuration space reads all ones: nothing answers"
                : "configuration space breaks off within its header");
            return;
        }

        if (!configuration.HasCapabilityList)
        {
            return;
        }

        int? start = configuration.HeaderType switch
        {
            HeaderType.Endpoint or HeaderType.Bridge => 0x34,
            HeaderType.CardBus => 0x14,
            _ => null,
        };
        if (start is not { } from)
        {
            Note(0x0E, $"header type 0x{configuration.Read8(0x0E) & 0x7F:x2} is unknown, so where its capability list starts is too");
            return;
        }

        // Without privilege only the header is shown: nothing odd about a list that begins beyond it.
        if (!configuration.HoldsCapabilities)
        {
            return;
        }

        while (Follow(from, configuration.Read8(from), ConfigurationSpace.HeaderLength) is { } offset)
        {
            byte id = configuration.Read8(offset);
            if (id == byte.MaxValue)
            {
                Note(offset, "capability ID 0xff: nothing answers here, the list breaks off");
                return;
            }

            NoteNull(offset, id);
            Found.Add(new PciCapability(id, false, offset, 0, CapabilityLength.OfStandard(configuration, (CapabilityId)id, offset)));
            from = offset + 1;
        }
    }

    /// <summary>The list from offset 0x100 (PCIe 6.0, 7.6.3).</summary>
    public void Extended()
    {
        if (!configuration.HoldsHeader || !configuration.HoldsExtendedCapabilities)
        {
            return;
        }

        int? next = Follow(ConfigurationSpace.ConventionalLength, ConfigurationSpace.ConventionalLength, ConfigurationSpace.ConventionalLength);
        while (next is { } offset)
        {
            uint header = configuration.Read32(offset);
            if (header == 0)
            {
                // The way to say that there is none, where the list starts.
                if (offset != ConfigurationSpace.ConventionalLength)
                {
                    Note(offset, "extended capability header is all zero, the list breaks off");
                }

                return;
            }

            var id = (ushort)header;
            if (id == ushort.MaxValue)
            {
                Note(offset, "extended capability ID 0xffff: nothing answers here, the list breaks off");
                return;
            }

            NoteNull(offset, id);
            Found.Add(new PciCapability(
                id, true, offset, (int)(header >> 16) & 0xF, CapabilityLength.OfExtended(configuration, (ExtendedCapabilityId)id, offset)));
            next = Follow(offset, (int)(header >> 20), ConfigurationSpace.ConventionalLength);
        }
    }

    /// <summary>Where the pointer leads, or null at the list's end, be it a proper one or not.</summary>
    private int? Follow(int from, int pointer, int lowest)
    {
        int offset = pointer & ~ReservedPointerBits;
        if (pointer != offset)
        {
            Note(from, $"pointer 0x{pointer:x} has reserved bits set, read as 0x{offset:x}");
        }

        if (offset == 0)
        {
            return null;
        }

        if (offset < lowest)
        {
            Note(from, $"pointer 0x{offset:x} leads below 0x{lowest:x}, the list breaks off");
        }
        else if (!configuration.Contains(offset, DwordLength))
        {
            Note(from, $"pointer 0x{offset:x} leads beyond the {configuration.Length} bytes that could be read");
        }
        else if (visited[offset / DwordLength])
        {
            Note(from, $"pointer 0x{offset:x} leads back to a capability already seen: the list is a loop");
        }
        else
        {
            visited[offset / DwordLength] = true;
            return offset;
        }

        return null;
    }

    private void NoteNull(int offset, int id)
    {
        if (id == 0)
        {
            Note(offset, "capability ID 0: a null capability, or a pointer to nowhere");
        }
    }

    private void Note(int offset, FormattableString text) =>
        Findings.Add(new ConfigurationFinding(offset, text.ToString(CultureInfo.InvariantCulture)));

    private void Note(int offset, string text) => Findings.Add(new ConfigurationFinding(offset, text));
}
