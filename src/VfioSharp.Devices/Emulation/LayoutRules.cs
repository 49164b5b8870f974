using System.Collections.Immutable;
using System.Numerics;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Devices.Emulation;

/// <summary>What a layout must keep to, checked once so that nothing behind it has to.</summary>
internal static class LayoutRules
{
    private const ulong MemoryGranule = 8;
    private const ulong MinIoLength = 4;
    private const ulong MaxIoLength = 256; // a conventional BAR's limit (PCI 3.0, 6.2.5.1)
    private const ulong Max32Length = 1UL << 31;
    private const ulong Max64Length = 1UL << 46;
    private const int MaxMsiVectors = 32;

    /// <summary>Fails, as a programmer's mistake, at the first rule that is broken.</summary>
    /// <exception cref="ArgumentException">A rule is broken; the message says which and where.</exception>
    public static void Check(FunctionLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        Require(layout.Identity.VendorId is not (0 or 0xFFFF), $"vendor ID 0x{layout.Identity.VendorId:x4} is no vendor's");
        Require(!layout.Bars.IsDefault, "the BARs are missing: say [] for none");
        foreach (BarLayout bar in layout.Bars)
        {
            CheckBar(layout, bar);
        }

        ulong below4G = layout.Bars.Where(bar => bar.Kind == BarKind.Memory32).Aggregate(0UL, (sum, bar) => sum + bar.Length);
        Require(below4G <= Max32Length, $"the 32-bit BARs need 0x{below4G:x} bytes, more than the 2 GiB that a host has for them: make one 64-bit");
        CheckMsix(layout);
        Require(layout.MsiVectors is 0 || (layout.MsiVectors is > 0 and <= MaxMsiVectors && BitOperations.IsPow2(layout.MsiVectors)),
            $"{layout.MsiVectors} MSI vectors: a function asks for 1, 2, 4, 8, 16 or {MaxMsiVectors}");
        Require(Enum.IsDefined(layout.Pin), $"{(int)layout.Pin} is no interrupt pin");
    }

    /// <summary>The BARs as the rules for MSI-X want them.</summary>
    private static BarSet ResourcesOf(FunctionLayout layout) => BarSet.Of(
    [
        .. layout.Bars.Select(bar => new BarResource(bar.Index, bar.Kind, bar.IsPrefetchable, 0, bar.Length, false)),
        .. layout.Bars.Where(bar => bar.Kind == BarKind.Memory64).Select(bar => new BarResource(bar.Index + 1, BarKind.UpperHalf, false, 0, 0, false)),
    ]);

    private static void CheckBar(FunctionLayout layout, BarLayout bar)
    {
        Require(bar.Index is >= 0 and < RegionIndex.Bars, $"BAR {bar.Index}: there are 0 to {RegionIndex.Bars - 1}");
        Require(layout.Bars.Count(other => other.Index == bar.Index) == 1, $"BAR {bar.Index} is given twice");
        if (bar.Kind == BarKind.Memory64)
        {
            Require(bar.Index + 1 < RegionIndex.Bars, $"BAR {bar.Index} has 64 bits, and no register follows to hold the upper half");
            Require(layout.Bar(bar.Index + 1) is null, $"BAR {bar.Index + 1} is the upper half of 64-bit BAR {bar.Index}");
        }

        (ulong min, ulong max) = bar.Kind switch
        {
            BarKind.Io => (MinIoLength, MaxIoLength),
            BarKind.Memory64 => (BarResource.MinMemoryLength, Max64Length),
            _ => (BarResource.MinMemoryLength, Max32Length),
        };
        Require(BitOperations.IsPow2(bar.Length) && bar.Length >= min && bar.Length <= max,
            $"BAR {bar.Index} has 0x{bar.Length:x} bytes: it takes a power of two, 0x{min:x} to 0x{max:x}");

        ImmutableArray<ByteRange> memory = bar.Memory;
        Require(memory.IsEmpty || bar.Kind != BarKind.Io, $"BAR {bar.Index} is I/O ports, which are never memory");
        for (int i = 0; i < memory.Length; i++)
        {
            ByteRange range = memory[i];
            Require(!range.IsEmpty && new ByteRange(0, bar.Length).Contains(range), $"memory {range} does not lie in BAR {bar.Index} (0x{bar.Length:x} bytes)");
            Require(range.Offset % MemoryGranule == 0 && range.Length % MemoryGranule == 0, $"memory {range} of BAR {bar.Index} is not in units of {MemoryGranule} bytes");
            Require(!memory.Take(i).Any(range.Overlaps), $"memory {range} of BAR {bar.Index} is given twice");
        }

        CheckDoorbells(bar);
    }

    private static void CheckDoorbells(BarLayout bar)
    {
        for (int i = 0; i < bar.Doorbells.Length; i++)
        {
            Doorbell bell = bar.Doorbells[i];
            Require(bell.Width is 1 or 2 or 4 or 8, $"the doorbell at 0x{bell.Offset:x} of BAR {bar.Index} has {bell.Width} bytes: it takes 1, 2, 4 or 8");
            var range = new ByteRange(bell.Offset & ~((ulong)bell.Width - 1), (ulong)bell.Width);
            Require(bell.Offset == range.Offset && new ByteRange(0, bar.Length).Contains(range),
                $"the doorbell at 0x{bell.Offset:x} does not lie in BAR {bar.Index} (0x{bar.Length:x} bytes), aligned to its {bell.Width} bytes");
            Require(!bar.Memory.Any(range.Overlaps), $"the doorbell at 0x{bell.Offset:x} of BAR {bar.Index} lies in its memory, where nobody notices a write");
            Require(bell.Value is not { } value || bell.Width == 8 || value >> (8 * bell.Width) == 0,
                $"the doorbell at 0x{bell.Offset:x} of BAR {bar.Index} is rung by 0x{bell.Value:x}, which its {bell.Width} bytes do not hold");
            Require(bar.Doorbells.Take(i).All(other => IsApart(other, bell)), $"the doorbell at 0x{bell.Offset:x} of BAR {bar.Index} is given twice");
        }
    }

    private static bool IsApart(Doorbell one, Doorbell other) =>
        one.Offset + (ulong)one.Width <= other.Offset || other.Offset + (ulong)other.Width <= one.Offset
        || (one.Offset == other.Offset && one.Width == other.Width && one.Value is not null && other.Value is not null && one.Value != other.Value);

    private static void CheckMsix(FunctionLayout layout)
    {
        int ways = layout.Bars.Count(bar => bar.MsixVectors != 0) + (layout.Msix is null ? 0 : 1);
        Require(ways <= 1, "MSI-X is placed twice: a function has one table");
        if (layout.MsixPlacement is { } placement)
        {
            BarSet bars = ResourcesOf(layout);
            ImmutableArray<MsixLayoutFault> faults = MsixLayoutRules.Validate(placement.Capability, bars);
            Require(faults.IsEmpty, faults.IsEmpty ? "" : faults[0].Text);
            CheckBellsBeside(layout, placement.TableBar, new ByteRange(placement.TableOffset, placement.Capability.TableLength));
            CheckBellsBeside(layout, placement.PbaBar, new ByteRange(placement.PbaOffset, placement.Capability.PbaLength));
        }
    }

    private static void CheckBellsBeside(FunctionLayout layout, int bar, ByteRange structure)
    {
        foreach (Doorbell bell in layout.Bar(bar)?.Doorbells ?? [])
        {
            Require(!structure.Overlaps(new ByteRange(bell.Offset, (ulong)bell.Width)), $"the doorbell at 0x{bell.Offset:x} of BAR {bar} lies in the MSI-X structure {structure}");
        }
    }

    private static void Require(bool holds, string complaint)
    {
        if (!holds)
        {
            throw new ArgumentException(complaint);
        }
    }
}
