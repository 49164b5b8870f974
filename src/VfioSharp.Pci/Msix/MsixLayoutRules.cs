using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Pci.Msix;

/// <summary>Checks a layout, reported or supposed, against what the specification asks.</summary>
public static class MsixLayoutRules
{
    private const string MsixSection = "PCIe 7.7.2";
    private const string BarSection = "PCIe 7.5.1.2.1";
    private const ulong OffsetAlignment = 8;

    /// <summary>Every rule that the layout breaks, in the order of <see cref="MsixLayoutRule"/>; empty where it breaks none.</summary>
    /// <param name="capability">Number of vectors, BARs and offsets; need not be what a register can hold.</param>
    /// <param name="bars">The BARs. Nothing is said to lie outside a BAR whose length is not known.</param>
    /// <exception cref="ArgumentNullException"><paramref name="bars"/> is null.</exception>
    public static ImmutableArray<MsixLayoutFault> Validate(MsixCapability capability, BarSet bars)
    {
        ArgumentNullException.ThrowIfNull(bars);
        var faults = new List<MsixLayoutFault>();
        bool countable = capability.Vectors is >= 1 and <= MsixCapability.MaxVectors;
        if (!countable)
        {
            Add(faults, MsixLayoutRule.VectorCount, $"{capability.Vectors} vectors: a function has 1 to {MsixCapability.MaxVectors}: {MsixSection}");
        }

        CheckBarLength(bars, capability.TableBar, faults);
        if (capability.PbaBar != capability.TableBar)
        {
            CheckBarLength(bars, capability.PbaBar, faults);
        }

        ByteRange? table = Place(Structure.Table, capability.TableBar, capability.TableOffset, countable ? capability.TableLength : 0, bars, faults);
        ByteRange? pba = Place(Structure.Pba, capability.PbaBar, capability.PbaOffset, countable ? capability.PbaLength : 0, bars, faults);
        if (capability.TableBar == capability.PbaBar && table is { } t && pba is { } p && t.Overlaps(p))
        {
            Add(faults, MsixLayoutRule.PbaApart, $"the PBA {p} overlaps the table {t} in BAR {capability.PbaBar}: {MsixSection}");
        }

        return [.. faults.OrderBy(fault => fault.Rule)];
    }

    private static void CheckBarLength(BarSet bars, int index, List<MsixLayoutFault> faults)
    {
        if (index is >= 0 and < BarResource.RomIndex && bars[index] is { IsMemory: true, Length: not 0 and var length }
            && (length < BarResource.MinMemoryLength || !BitOperations.IsPow2(length)))
        {
            Add(faults, MsixLayoutRule.BarLength,
                $"BAR {index} has 0x{length:x} bytes: a memory BAR has a power of two, {BarResource.MinMemoryLength} or more: {BarSection}");
        }
    }

    /// <summary>The bytes of the structure, unless a rule is broken that leaves open which they are.</summary>
    private static ByteRange? Place(Structure structure, int index, ulong offset, ulong length, BarSet bars, List<MsixLayoutFault> faults)
    {
        int before = faults.Count;
        if (ComplaintOfBar(bars, index) is { } complaint)
        {
            Add(faults, structure.Bar, $"the {structure.Name} is in BAR {index}, {complaint}: {MsixSection}");
        }

        if (offset % OffsetAlignment != 0)
        {
            Add(faults, structure.Offset, $"the {structure.Name} begins at 0x{offset:x}, no multiple of {OffsetAlignment}: {MsixSection}");
        }
        else if (offset > uint.MaxValue)
        {
            Add(faults, structure.Offset, $"the {structure.Name} begins at 0x{offset:x}, beyond what 32 bits can say: {MsixSection}");
        }

        if (faults.Count > before)
        {
            return null;
        }

        // Neither addition can overflow: the offset has 32 bits and the length at most 16.
        var range = new ByteRange(offset, length);
        ulong barLength = bars[index].Length;
        if (barLength != 0 && range.End > barLength)
        {
            string how = offset >= barLength ? "lies" : "ends";
            Add(faults, structure.InsideBar, $"the {structure.Name} {range} {how} beyond BAR {index} (0x{barLength:x} bytes): {MsixSection}");
        }

        return range;
    }

    private static string? ComplaintOfBar(BarSet bars, int index) => index switch
    {
        < 0 or > 7 => "which there is not",
        6 or 7 => "a reserved value",
        _ => bars[index].Kind switch
        {
            BarKind.Memory32 or BarKind.Memory64 => null,
            BarKind.UpperHalf => $"the upper half of 64-bit BAR {index - 1}",
            BarKind.Io => "which is I/O ports",
            _ => "which is not implemented",
        },
    };

    private static void Add(List<MsixLayoutFault> faults, MsixLayoutRule rule, FormattableString text) =>
        faults.Add(new MsixLayoutFault(rule, text.ToString(CultureInfo.InvariantCulture)));

    private sealed record Structure(string Name, MsixLayoutRule Bar, MsixLayoutRule Offset, MsixLayoutRule InsideBar)
    {
        public static Structure Table { get; } = new("table", MsixLayoutRule.TableBar, MsixLayoutRule.TableOffset, MsixLayoutRule.TableInsideBar);

        public static Structure Pba { get; } = new("PBA", MsixLayoutRule.PbaBar, MsixLayoutRule.PbaOffset, MsixLayoutRule.PbaInsideBar);
    }
}
