using VfioSharp.Devices.Emulation;

namespace VfioSharp.Nvme.Controller;

/// <summary>The queues that there are, by their identifiers, 0 being the admin queue's.</summary>
/// <param name="memory">The driver's memory.</param>
/// <param name="doorbells">Theirs.</param>
/// <param name="limit">How many submission queues and how many completion queues there can be.</param>
internal sealed class QueueSet(SystemMemory memory, DoorbellBank doorbells, int limit)
{
    private readonly SubmissionQueue?[] submission = new SubmissionQueue?[limit];
    private readonly CompletionQueue?[] completion = new CompletionQueue?[limit];
    private SubmissionQueue[] polled = [];

    /// <summary>How many of each there can be, that of admin among them.</summary>
    public int Limit => limit;

    /// <summary>The submission queues that there are, in ascending order.</summary>
    public ReadOnlySpan<SubmissionQueue> Polled => polled;

    /// <summary>Whether there is a queue beside the admin queue.</summary>
    public bool HasIoQueues => polled.Length > 1 || completion.AsSpan(1).ContainsAnyExcept((CompletionQueue?)null);

    /// <summary>The submission queue of that identifier; null where there is none.</summary>
    public SubmissionQueue? Submission(int id) => id < limit ? submission[id] : null;

    /// <summary>The completion queue of that identifier; null where there is none.</summary>
    public CompletionQueue? Completion(int id) => id < limit ? completion[id] : null;

    /// <summary>Adds a completion queue.</summary>
    public CompletionQueue AddCompletion(int id, ulong address, int size, int? vector)
    {
        doorbells.ClearHead(id);
        return completion[id] = new CompletionQueue(memory, doorbells, id, address, size, vector);
    }

    /// <summary>Adds a submission queue.</summary>
    public void AddSubmission(int id, ulong address, int size, CompletionQueue completions)
    {
        doorbells.ClearTail(id);
        submission[id] = new SubmissionQueue(memory, id, address, size, completions);
        completions.Users++;
        Collect();
    }

    /// <summary>Takes a completion queue away, which no submission queue uses.</summary>
    public void Remove(CompletionQueue queue)
    {
        queue.Release();
        completion[queue.Id] = null;
        doorbells.ClearHead(queue.Id);
    }

    /// <summary>Takes a submission queue away.</summary>
    public void Remove(SubmissionQueue queue)
    {
        queue.Release();
        queue.Completions.Users--;
        submission[queue.Id] = null;
        doorbells.ClearTail(queue.Id);
        Collect();
    }

    /// <summary>Takes all away.</summary>
    public void Clear()
    {
        Release();
        Array.Clear(submission);
        Array.Clear(completion);
        polled = [];
    }

    /// <summary>Lets go of all memory until it is used again.</summary>
    public void Release()
    {
        foreach (SubmissionQueue queue in polled)
        {
            queue.Release();
        }

        foreach (CompletionQueue? queue in completion)
        {
            queue?.Release();
        }

        doorbells.Shadow?.Release();
    }

    private void Collect() => polled = [.. submission.OfType<SubmissionQueue>()];
}
