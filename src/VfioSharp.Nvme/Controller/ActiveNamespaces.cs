using System.Collections.Immutable;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>A controller's namespaces by their identifiers: 1 and up, none missing.</summary>
/// <param name="all">The first is namespace 1.</param>
internal sealed class ActiveNamespaces(ImmutableArray<NvmeNamespace> all)
{
    /// <summary>How many there can be: as many as one list of identifiers names.</summary>
    public const int Max = 4096 / sizeof(uint);

    private readonly NvmeNamespace[] byIndex = [.. all];

    /// <summary>How many there are, which is the largest identifier.</summary>
    public int Count => byIndex.Length;

    /// <summary>Whether any of them can lose what was written and not flushed.</summary>
    public bool HasVolatileCache { get; } = all.Any(each => each.HasVolatileCache);

    /// <summary>All of them.</summary>
    public ReadOnlySpan<NvmeNamespace> All => byIndex;

    /// <summary>The one of that identifier; null where there is none, as for 0 and <see cref="SubmissionEntry.AllNamespaces"/>.</summary>
    public NvmeNamespace? Find(uint identifier) => identifier - 1 < (uint)byIndex.Length ? byIndex[identifier - 1] : null;

    /// <summary>Writes all down that has been written.</summary>
    public NvmeStatus Flush()
    {
        NvmeStatus worst = NvmeStatus.Success;
        foreach (NvmeNamespace each in byIndex)
        {
            NvmeStatus status = each.Flush();
            worst = status == NvmeStatus.Success ? worst : status;
        }

        return worst;
    }
}
