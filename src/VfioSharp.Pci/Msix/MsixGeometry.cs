using System.Collections.Immutable;
using System.Numerics;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Pci.Msix;

/// <summary>
/// Where a function's MSI-X table and pending bit array lie, on which pages, and what else lies there (PCIe 6.0, 7.7.2). Nonsense that the
/// function reports is a finding, and what cannot be located for it is null.
/// </summary>
public sealed class MsixGeometry
{
    private readonly BarSet bars;

    private MsixGeometry(MsixCapability reported, MsixCapability corrected, BarSet bars, List<ConfigurationFinding> findings)
    {
        this.bars = bars;
        Capability = reported;
        TableBar = corrected.TableBar;
        PbaBar = corrected.PbaBar;

        ImmutableArray<MsixLayoutFault> faults = MsixLayoutRules.Validate(corrected, bars);
        findings.AddRange(faults.Select(fault => new ConfigurationFinding(reported.Offset, fault.Text)));
        if (!faults.Any(fault => fault.Rule
            is MsixLayoutRule.VectorCount or MsixLayoutRule.TableBar or MsixLayoutRule.TableOffset or MsixLayoutRule.TableInsideBar)
            && HasLength("table", TableBar, findings))
        {
            Table = new ByteRange(corrected.TableOffset, corrected.TableLength);
        }

        if (!faults.Any(fault => fault.Rule
            is MsixLayoutRule.VectorCount or MsixLayoutRule.PbaBar or MsixLayoutRule.PbaOffset or MsixLayoutRule.PbaInsideBar)
            && HasLength("PBA", PbaBar, findings))
        {
            Pba = new ByteRange(corrected.PbaOffset, corrected.PbaLength);
        }

        Findings = [.. findings];
    }

    /// <summary>The capability as the function reports it, quirks not corrected.</summary>
    public MsixCapability Capability { get; }

    /// <summary>The BAR said to hold the table; look at <see cref="IsUsable"/> before using it as an index.</summary>
    public int TableBar { get; }

    /// <summary>The BAR said to hold the pending bit array; look at <see cref="Pba"/> before using it as an index.</summary>
    public int PbaBar { get; }

    /// <summary>The table's bytes in its BAR, 16 a vector; null where it cannot lie where it is said to.</summary>
    public ByteRange? Table { get; }

    /// <summary>The pending bit array's bytes in its BAR, 8 for every 64 vectors; null where it cannot lie where it is said to.</summary>
    /// <remarks>Corrected for functions known to report it wrongly.</remarks>
    public ByteRange? Pba { get; }

    /// <summary>Whether the table could be located: it lies, whole, in a memory BAR of known length.</summary>
    public bool IsUsable => Table is not null;

    /// <summary>The length of the table's BAR in bytes; 0 where the table could not be located.</summary>
    public ulong TableBarLength => IsUsable ? bars[TableBar].Length : 0;

    /// <summary>What the function reports wrongly.</summary>
    public ImmutableArray<ConfigurationFinding> Findings { get; }

    /// <summary>Works out where table and pending bit array lie.</summary>
    /// <param name="capability">The capability, or a supposed one.</param>
    /// <param name="bars">The function's BARs, or supposed ones.</param>
    /// <param name="vendorId">Vendor ID, for known quirks; for a virtual function as the host knows it.</param>
    /// <param name="deviceId">Device ID, likewise.</param>
    /// <exception cref="ArgumentNullException"><paramref name="bars"/> is null.</exception>
    public static MsixGeometry Create(MsixCapability capability, BarSet bars, ushort vendorId = 0, ushort deviceId = 0)
    {
        ArgumentNullException.ThrowIfNull(bars);
        var findings = new List<ConfigurationFinding>();
        MsixCapability corrected = MsixQuirk.Correct(capability, bars, vendorId, deviceId, findings);
        return new MsixGeometry(capability, corrected, bars, findings);
    }

    /// <summary>The pages that hold a byte of the table, clipped to its BAR; null where the table could not be located.</summary>
    /// <param name="pageSize">The page size in bytes, a power of two.</param>
    /// <exception cref="ArgumentException"><paramref name="pageSize"/> is no power of two.</exception>
    public ByteRange? TablePages(uint pageSize) => Pages(Table, TableBar, pageSize);

    /// <summary>The pages that hold a byte of the pending bit array, clipped to its BAR; null where it could not be located.</summary>
    /// <inheritdoc cref="TablePages"/>
    public ByteRange? PbaPages(uint pageSize) => Pages(Pba, PbaBar, pageSize);

    /// <summary>What else lies in the table's pages, in ascending order; empty where there is nothing, or no table.</summary>
    /// <inheritdoc cref="TablePages"/>
    public ImmutableArray<BarContent> TablePageNeighbours(uint pageSize) =>
        TablePages(pageSize) is { } window ? [.. Contents(TableBar, window).Where(content => content.Kind != BarContentKind.Table)] : [];

    /// <summary>Splits a window of a BAR, clipped to the BAR, by what it holds: ascending, without gaps. A byte of both is the table's.</summary>
    /// <param name="bar">The BAR, 0 to 5.</param>
    /// <param name="window">The bytes in question.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bar"/> is not 0 to 5.</exception>
    public ImmutableArray<BarContent> Contents(int bar, ByteRange window)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bar);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bar, BarResource.RomIndex);
        ByteRange clipped = window.Intersect(new ByteRange(0, bars[bar].Length));
        ByteRange table = bar == TableBar ? Table.GetValueOrDefault().Intersect(clipped) : default;
        ByteRange pba = bar == PbaBar ? Pba.GetValueOrDefault().Intersect(clipped) : default;

        // At most five pieces: nothing changes but at an end of one of the two.
        Span<ulong> edges = [clipped.Offset, Edge(table, table.Offset), Edge(table, table.End), Edge(pba, pba.Offset), Edge(pba, pba.End), clipped.End];
        edges.Sort();
        var contents = ImmutableArray.CreateBuilder<BarContent>();
        for (int i = 1; i < edges.Length; i++)
        {
            ByteRange piece = ByteRange.FromBounds(edges[i - 1], edges[i]);
            if (piece.IsEmpty)
            {
                continue;
            }

            BarContentKind kind = table.Contains(piece) ? BarContentKind.Table : pba.Contains(piece) ? BarContentKind.Pba : BarContentKind.Registers;
            if (contents.Count > 0 && contents[^1].Kind == kind)
            {
                piece = ByteRange.FromBounds(contents[^1].Range.Offset, piece.End);
                contents.RemoveAt(contents.Count - 1);
            }

            contents.Add(new BarContent(kind, piece));
        }

        return contents.ToImmutable();

        ulong Edge(ByteRange range, ulong edge) => range.IsEmpty ? clipped.Offset : edge;
    }

    private ByteRange? Pages(ByteRange? range, int bar, uint pageSize)
    {
        if (!BitOperations.IsPow2(pageSize))
        {
            throw new ArgumentException($"a page size is a power of two, which {pageSize} is not", nameof(pageSize));
        }

        return range is { } bytes ? new PageGrid(new ByteRange(0, bars[bar].Length), pageSize).Cover(bytes) : null;
    }

    private bool HasLength(string structure, int bar, List<ConfigurationFinding> findings)
    {
        bool known = bars[bar].Length != 0;
        if (!known)
        {
            findings.Add(new ConfigurationFinding(Capability.Offset, $"the length of BAR {bar}, which holds the {structure}, is not known"));
        }

        return known;
    }
}
