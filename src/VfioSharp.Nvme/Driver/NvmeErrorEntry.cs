using System.Collections.Immutable;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>An entry of a controller's error log (NVM Express Base 2.0, 5.16.1.2).</summary>
/// <param name="Number">1 for the first error that there was, and so on.</param>
/// <param name="Queue">The submission queue of the command.</param>
/// <param name="CommandId">The command.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Block">The first logical block in error.</param>
/// <param name="NamespaceId">The namespace.</param>
public sealed record NvmeErrorEntry(ulong Number, int Queue, int CommandId, NvmeStatus Status, ulong Block, uint NamespaceId)
{
    internal static ImmutableArray<NvmeErrorEntry> All(byte[] bytes)
    {
        var entries = ImmutableArray.CreateBuilder<NvmeErrorEntry>();
        for (int i = 0; i < bytes.Length / ErrorLogEntry.Length; i++)
        {
            var entry = new ErrorLogEntry(bytes.AsSpan(i * ErrorLogEntry.Length));
            if (entry.ErrorCount != 0)
            {
                entries.Add(new NvmeErrorEntry(
                    entry.ErrorCount,
                    entry.SubmissionQueue,
                    entry.CommandId,
                    (NvmeStatus)((entry.StatusField >> 1) & 0x7FF),
                    entry.Block,
                    entry.NamespaceId));
            }
        }

        return entries.ToImmutable();
    }
}
