using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>The commands that failed last (NVM Express Base 2.0, 5.16.1.2). Resets do not change it.</summary>
internal sealed class ErrorHistory
{
    /// <summary>How many are kept.</summary>
    public const int Capacity = 64;

    private const ushort NotSpecific = 0xFFFF;

    private readonly byte[] entries = new byte[Capacity * ErrorLogEntry.Length];

    /// <summary>How many there ever were.</summary>
    public long Count { get; private set; }

    /// <summary>Takes note of a command that failed.</summary>
    public void Add(int queue, in SubmissionEntry command, CommandResult result)
    {
        Span<byte> at = entries.AsSpan((int)(Count % Capacity) * ErrorLogEntry.Length, ErrorLogEntry.Length);
        at.Clear();
        Count++;
        _ = new ErrorLogEntry(at)
        {
            ErrorCount = (ulong)Count,
            SubmissionQueue = (ushort)queue,
            CommandId = command.CommandId,
            StatusField = CompletionEntry.Field(result.Status, phase: false, result.DoNotRetry),
            ParameterLocation = NotSpecific,
            Block = queue == 0 ? 0 : command.StartingBlock,
            NamespaceId = command.NamespaceId,
        };
    }

    /// <summary>Writes the log page, the latest first.</summary>
    /// <param name="page">As long as all entries, zeros.</param>
    public void CopyTo(Span<byte> page)
    {
        for (int i = 0; i < Math.Min(Count, Capacity); i++)
        {
            int from = (int)((Count - 1 - i) % Capacity) * ErrorLogEntry.Length;
            entries.AsSpan(from, ErrorLogEntry.Length).CopyTo(page[(i * ErrorLogEntry.Length)..]);
        }
    }
}
