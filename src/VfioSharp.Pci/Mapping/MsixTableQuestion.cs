using System.Collections.Immutable;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Pci.Mapping;

/// <summary>May software touch the page that holds this function's MSI-X table? Asked about one BAR.</summary>
public sealed record MsixTableQuestion
{
    /// <summary>Asks about a BAR.</summary>
    /// <param name="bar">The BAR: offset 0, its length in bytes.</param>
    /// <param name="table">The table's bytes, or null where it lies in another BAR.</param>
    /// <param name="pba">The pending-bit array's bytes, or null where it lies in another BAR. They may exceed the BAR: hardware reports such things.</param>
    /// <param name="backend">What the backend can map at all, in any order; what lies outside the BAR is disregarded.</param>
    /// <param name="pageSize">The host's page size in bytes, a power of two.</param>
    /// <param name="verdict">Whether the function's group is isolated.</param>
    /// <param name="rule">What the caller wants.</param>
    /// <exception cref="ArgumentException">The BAR does not start at 0, the table is empty or not inside the BAR, or the page size is no power of two.</exception>
    public MsixTableQuestion(
        ByteRange bar, ByteRange? table, ByteRange? pba, ImmutableArray<ByteRange> backend, ulong pageSize, IsolationVerdict verdict, MsixTableRule rule)
    {
        if (bar.Offset != 0)
        {
            throw new ArgumentException($"a BAR's range starts at 0, not at 0x{bar.Offset:x}", nameof(bar));
        }

        if (table is { } range && (range.IsEmpty || !bar.Contains(range)))
        {
            throw new ArgumentException($"the table ({range}) is not inside the BAR ({bar})", nameof(table));
        }

        if (!ulong.IsPow2(pageSize))
        {
            throw new ArgumentException($"a page size is a power of two, not {pageSize}", nameof(pageSize));
        }

        Bar = bar;
        Table = table;
        Pba = pba;
        Backend = backend.IsDefault ? [] : backend;
        PageSize = pageSize;
        Verdict = verdict;
        Rule = rule;
    }

    /// <summary>The BAR.</summary>
    public ByteRange Bar { get; }

    /// <summary>The table's bytes, or null where it lies in another BAR.</summary>
    public ByteRange? Table { get; }

    /// <summary>The pending-bit array's bytes, or null where it lies in another BAR.</summary>
    public ByteRange? Pba { get; }

    /// <summary>What the backend can map at all.</summary>
    public ImmutableArray<ByteRange> Backend { get; }

    /// <summary>The host's page size in bytes.</summary>
    public ulong PageSize { get; }

    /// <summary>Whether the function's group is isolated.</summary>
    public IsolationVerdict Verdict { get; }

    /// <summary>What the caller wants.</summary>
    public MsixTableRule Rule { get; }

    /// <summary>What an operator could do to get isolation on this platform, for the explanation; null where nobody knows.</summary>
    public string? IsolationAdvice { get; init; }

    /// <summary>The BAR that QEMU could move the table to (<c>x-msix-relocation=barN</c>), for the explanation; null where there is none.</summary>
    public int? RelocationBar { get; init; }
}
