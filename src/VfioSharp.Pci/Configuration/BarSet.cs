using System.Collections;
using System.Collections.Immutable;

namespace VfioSharp.Pci.Configuration;

/// <summary>A function's BARs: always seven entries, 0 to 5 the BARs and 6 the expansion ROM, unimplemented ones among them.</summary>
public sealed class BarSet : IReadOnlyList<BarResource>
{
    private readonly ImmutableArray<BarResource> bars;

    internal BarSet(ReadOnlySpan<BarResource> bars, ImmutableArray<ConfigurationFinding> findings)
    {
        this.bars = [.. bars];
        Findings = findings;
    }

    /// <summary>Seven unimplemented BARs.</summary>
    public static BarSet Empty { get; } = Of();

    /// <summary>What is odd about what the host or the header says of them.</summary>
    public ImmutableArray<ConfigurationFinding> Findings { get; }

    /// <summary>Always 7.</summary>
    public int Count => bars.Length;

    /// <summary>The BAR of that index.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is not 0 to 6.</exception>
    public BarResource this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, bars.Length);
            return bars[index];
        }
    }

    /// <summary>Takes BARs that are known; all others are unimplemented.</summary>
    /// <exception cref="ArgumentException">Two have the same index.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An index is not 0 to 6.</exception>
    public static BarSet Of(params ReadOnlySpan<BarResource> known)
    {
        Span<BarResource> bars = stackalloc BarResource[BarResource.RomIndex + 1];
        Clear(bars);
        int taken = 0;
        foreach (BarResource bar in known)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(bar.Index, nameof(known));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(bar.Index, BarResource.RomIndex, nameof(known));
            if ((taken & (1 << bar.Index)) != 0)
            {
                throw new ArgumentException($"BAR {bar.Index} is given twice", nameof(known));
            }

            taken |= 1 << bar.Index;
            bars[bar.Index] = bar;
        }

        return new BarSet(bars, []);
    }

    /// <summary>Reads the BARs of a function as a host shows it: from its <c>resource</c> file, else from its header.</summary>
    /// <param name="resource">The text of the file in sysfs; null or blank where there is none.</param>
    /// <param name="configuration">The function's configuration space.</param>
    /// <exception cref="ArgumentNullException"><paramref name="configuration"/> is null.</exception>
    public static BarSet Read(string? resource, ConfigurationSpace configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return string.IsNullOrWhiteSpace(resource) ? FromHeader(configuration) : FromResource(resource);
    }

    /// <summary>Reads the text of the <c>resource</c> file in sysfs; the only source for a virtual function, whose header holds no BARs.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    public static BarSet FromResource(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return BarResourceText.Read(text);
    }

    /// <summary>Reads kinds and addresses, as the bus sees them, from a header. Lengths are not to be had without writing to it.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="configuration"/> is null.</exception>
    public static BarSet FromHeader(ConfigurationSpace configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return BarHeader.Read(configuration);
    }

    /// <inheritdoc/>
    public IEnumerator<BarResource> GetEnumerator() => ((IEnumerable<BarResource>)bars).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static void Clear(Span<BarResource> bars)
    {
        for (int i = 0; i < bars.Length; i++)
        {
            bars[i] = new BarResource { Index = i };
        }
    }
}
