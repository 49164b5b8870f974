using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>Makes and deletes I/O queues (NVM Express Base 2.0, 5.4 to 5.7).</summary>
/// <param name="state">What they act on.</param>
/// <param name="queues">The queues.</param>
internal sealed class QueueCommands(ControllerState state, QueueSet queues)
{
    private const uint Contiguous = 1;
    private const uint InterruptsEnabled = 1 << 1;

    public CommandResult CreateCompletion(in SubmissionEntry command)
    {
        int id = (int)(command.Dword10 & 0xFFFF);
        if (id == 0 || id >= queues.Limit || queues.Completion(id) is not null)
        {
            return NvmeStatus.InvalidQueueIdentifier;
        }

        int vector = (int)(command.Dword11 >> 16);
        bool interrupts = (command.Dword11 & InterruptsEnabled) != 0;
        NvmeStatus status = Check(in command, state.Configuration.CompletionEntrySize, CompletionEntry.Length);
        if (status == NvmeStatus.Success && interrupts && vector >= state.Throttle.Vectors)
        {
            status = NvmeStatus.InvalidInterruptVector;
        }

        if (status == NvmeStatus.Success)
        {
            queues.AddCompletion(id, command.Prp1, Size(in command), interrupts ? vector : null);
        }

        return status;
    }

    public CommandResult CreateSubmission(in SubmissionEntry command)
    {
        int completionId = (int)(command.Dword11 >> 16);
        if (completionId == 0 || queues.Completion(completionId) is not { } completions)
        {
            return NvmeStatus.CompletionQueueInvalid;
        }

        int id = (int)(command.Dword10 & 0xFFFF);
        if (id == 0 || id >= queues.Limit || queues.Submission(id) is not null)
        {
            return NvmeStatus.InvalidQueueIdentifier;
        }

        NvmeStatus status = Check(in command, state.Configuration.SubmissionEntrySize, SubmissionEntry.Length);
        if (status == NvmeStatus.Success)
        {
            queues.AddSubmission(id, command.Prp1, Size(in command), completions);
        }

        return status;
    }

    public CommandResult DeleteCompletion(in SubmissionEntry command)
    {
        int id = (int)(command.Dword10 & 0xFFFF);
        if (id == 0 || queues.Completion(id) is not { } queue)
        {
            return NvmeStatus.InvalidQueueIdentifier;
        }

        if (queue.Users > 0)
        {
            return NvmeStatus.InvalidQueueDeletion;
        }

        queues.Remove(queue);
        return NvmeStatus.Success;
    }

    public CommandResult DeleteSubmission(in SubmissionEntry command)
    {
        int id = (int)(command.Dword10 & 0xFFFF);
        if (id == 0 || queues.Submission(id) is not { } queue)
        {
            return NvmeStatus.InvalidQueueIdentifier;
        }

        queues.Remove(queue);
        return NvmeStatus.Success;
    }

    private static int Size(in SubmissionEntry command) => (int)(command.Dword10 >> 16) + 1;

    // An entry size that CC does not have is an invalid queue size (3.1.3.5).
    private NvmeStatus Check(in SubmissionEntry command, int entrySize, int expected)
    {
        if (Size(in command) is < 2 or > ControllerState.MaxQueueEntries || entrySize != expected)
        {
            return NvmeStatus.InvalidQueueSize;
        }

        if ((command.Dword11 & Contiguous) == 0)
        {
            return NvmeStatus.InvalidField; // CAP.CQR
        }

        return (command.Prp1 & ((ulong)state.PageSize - 1)) != 0 ? NvmeStatus.InvalidPrpOffset : NvmeStatus.Success;
    }
}
