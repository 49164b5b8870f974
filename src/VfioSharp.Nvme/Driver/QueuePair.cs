using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>
/// A submission queue and the completion queue of its own (NVM Express Base 2.0, 3.3), with a slot for each command that can be under way. All
/// that the controller writes is checked before it is believed.
/// </summary>
/// <remarks>
/// The submission queue has one entry more than there are slots, and the completion queue at least as many, so that neither can overflow, whatever the
/// controller says of heads. What runs foreign code, or asks the controller's registers, runs outside of <see cref="Gate"/>; doorbells do not count.
/// </remarks>
internal sealed class QueuePair : IDisposable
{
    private const int MinListLength = 64;

    // In the error log it means that the error is of no command.
    private const int NoCommandId = 0xFFFF;

    private readonly CommandSlot[] slots;
    private readonly int[] free;
    private readonly int[] ready;
    private readonly int indexBits;
    private readonly int slack;
    private readonly DmaBuffer submission;
    private readonly DmaBuffer completion;
    private readonly DmaBuffer lists;
    private readonly Queue<TaskCompletionSource> waiting = [];
    private int freeCount;
    private int readyHead;
    private int readyCount;
    private int tail;
    private int rung;
    private int head;
    private int unacknowledged;
    private bool phase = true;
    private int underWay;

    /// <exception cref="Devices.PciException">There is no memory, or no address for it.</exception>
    public QueuePair(QueueGeometry geometry, DmaSpace dma, QueueDoorbells doorbells, CommandFailures failures)
    {
        Geometry = geometry;
        Doorbells = doorbells;
        Failures = failures;
        int depth = geometry.Depth;
        indexBits = 32 - int.LeadingZeroCount(depth - 1);
        slack = geometry.CompletionEntries - 1 - depth;
        ListLength = Math.Max(MinListLength, (int)BitOperations.RoundUpToPowerOf2((uint)(geometry.MaxPages - 1) * PrpRules.EntryLength));
        slots = new CommandSlot[depth];
        free = new int[depth];
        ready = new int[depth];
        for (int i = 0; i < depth; i++)
        {
            slots[i] = new CommandSlot(this, i);
            free[i] = depth - 1 - i;
        }

        freeCount = depth;
        var options = new DmaOptions { Alignment = (ulong)geometry.PageSize };
        try
        {
            submission = dma.Allocate((long)geometry.SubmissionEntries * SubmissionEntry.Length, options);
            completion = dma.Allocate((long)geometry.CompletionEntries * CompletionEntry.Length, options);
            lists = dma.Allocate((long)depth * ListLength, options);
        }
        catch
        {
            completion?.Dispose();
            submission?.Dispose();
            throw;
        }
    }

    /// <summary>Held whenever anything of the queues is touched.</summary>
    public Lock Gate { get; } = new();

    public QueueGeometry Geometry { get; }

    public QueueDoorbells Doorbells { get; }

    /// <summary>What ends of commands become exceptions by.</summary>
    public CommandFailures Failures { get; }

    public Iova Submission => submission.Iova;

    public Iova Completion => completion.Iova;

    /// <summary>Whether commands are taken. Written under the gate.</summary>
    public QueueState State { get; private set; }

    /// <summary>How many commands are under way at the controller.</summary>
    public int UnderWay => Volatile.Read(ref underWay);

    /// <summary>The watchdog's time, which it alone advances.</summary>
    public int Now { get; set; }

    /// <summary>A slot's room for a PRP list in bytes, a power of two: none crosses a memory page.</summary>
    public int ListLength { get; }

    /// <summary>Takes a slot; under the gate. The entry is written next, and then <see cref="Push"/>.</summary>
    public bool TryTake([NotNullWhen(true)] out CommandSlot? slot)
    {
        if (freeCount == 0 || State != QueueState.Running)
        {
            slot = null;
            return false;
        }

        slot = slots[free[--freeCount]];
        int id = ((((slot.CommandId >> indexBits) + 1) << indexBits) & 0xFFFF) | slot.Index;
        slot.CommandId = (ushort)(id == NoCommandId ? slot.Index : id);
        slot.State = SlotState.UnderWay;
        slot.IsAborting = false;
        slot.IsPatient = false;
        slot.Since = Now;
        return true;
    }

    /// <summary>The entry that the next command goes to; under the gate.</summary>
    public ref SubmissionEntry NextEntry => ref submission.Ref<SubmissionEntry>(tail);

    /// <summary>The PRP list of a slot.</summary>
    public Span<byte> ListOf(CommandSlot slot) => lists.Slice((long)slot.Index * ListLength, ListLength);

    /// <summary>Where the controller sees it.</summary>
    public ulong ListAddress(CommandSlot slot) => lists.Iova.Value + ((ulong)slot.Index * (ulong)ListLength);

    /// <summary>Counts the entry in; under the gate. The controller learns of it by <see cref="Ring"/>.</summary>
    public void Push()
    {
        tail = tail + 1 == Geometry.SubmissionEntries ? 0 : tail + 1;
        Volatile.Write(ref underWay, underWay + 1);
    }

    /// <summary>Tells the controller of all entries that it was not told of; under the gate.</summary>
    public void Ring()
    {
        if (rung != tail)
        {
            rung = tail;
            Doorbells.RingTail((uint)tail);
        }
    }

    /// <summary>Tells the controller again, in case it did not listen; under the gate.</summary>
    public void RingAgain() => Doorbells.RingTailAgain((uint)rung);

    /// <summary>Takes completions; under the gate.</summary>
    /// <param name="batch">Where those of a batch go; where it is empty they are kept until somebody asks.</param>
    /// <param name="taken">How many of them went there.</param>
    /// <param name="violation">What the controller did that none may; null where it behaved.</param>
    /// <returns>Slots to <see cref="TellAll"/> of, once the gate is open.</returns>
    public CommandSlot? Drain(Span<NvmeCompletion> batch, out int taken, out string? violation)
    {
        CommandSlot? ended = null;
        taken = TakeReady(batch);
        violation = null;
        bool keep = batch.IsEmpty;
        while ((keep || taken < batch.Length) && TryNext(out CompletionEntry entry))
        {
            if (Match(entry, ref violation) is not { } slot)
            {
                break;
            }

            underWay--;
            if (slot.IsAwaited)
            {
                slot.State = SlotState.Ended;
                slot.Result = entry;
                slot.Next = ended;
                ended = slot;
            }
            else if (keep)
            {
                Keep(slot, entry);
            }
            else
            {
                batch[taken++] = new NvmeCompletion(slot.Tag, entry.Status, entry.DoNotRetry);
                Free(slot);
            }
        }

        if (unacknowledged > slack && IsListening)
        {
            unacknowledged = 0;
            Doorbells.RingHead((uint)head);
        }

        return ended;
    }

    /// <summary>Tells whoever awaits them; with the gate open.</summary>
    public static void TellAll(CommandSlot? ended)
    {
        while (ended is not null)
        {
            CommandSlot slot = ended;
            ended = slot.Next;
            slot.Next = null;
            slot.Tell();
        }
    }

    /// <summary>A command's result was taken.</summary>
    public void GiveBack(CommandSlot slot)
    {
        lock (Gate)
        {
            Free(slot);
        }
    }

    /// <summary>Takes no commands from now on; what is under way stays so until <see cref="End"/>. What was told last stays.</summary>
    public void Hold(QueueState state)
    {
        lock (Gate)
        {
            if (State < QueueState.Lost || state == QueueState.Closed)
            {
                State = state;
            }

            if (State > QueueState.Held)
            {
                WakeAll();
            }
        }
    }

    /// <summary>Ends all that is under way; the controller must not reach its memory any more.</summary>
    /// <returns>How many were.</returns>
    public int End(NvmeStatus status)
    {
        CommandSlot? ended = null;
        int count = 0;
        lock (Gate)
        {
            var entry = new CompletionEntry { StatusField = CompletionEntry.Field(status, false) };
            foreach (CommandSlot slot in slots)
            {
                if (slot.State != SlotState.UnderWay)
                {
                    continue;
                }

                count++;
                underWay--;
                if (slot.IsAwaited)
                {
                    slot.State = SlotState.Ended;
                    slot.Result = entry;
                    slot.Next = ended;
                    ended = slot;
                }
                else
                {
                    Keep(slot, entry);
                }
            }
        }

        TellAll(ended);
        return count;
    }

    /// <summary>Empty queues, as a controller has them that was reset; nothing is under way. They take commands when <see cref="Resume"/> says so.</summary>
    public void Restart()
    {
        lock (Gate)
        {
            tail = rung = head = unacknowledged = 0;
            phase = true;
            completion.Span.Clear();
            Doorbells.Restart();
        }
    }

    /// <summary>Commands are taken again.</summary>
    public void Resume()
    {
        lock (Gate)
        {
            if (State < QueueState.Lost)
            {
                State = QueueState.Running;
                WakeAll();
            }
        }
    }

    /// <summary>Waits until a slot may be free, or commands are refused; under the gate. Allocates: for callers that have more to do than there are slots.</summary>
    public Task WaitForSlot()
    {
        var wait = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.Enqueue(wait);
        return wait.Task;
    }

    /// <summary>A slot that has been under way for so long that it is overdue; under the gate.</summary>
    /// <param name="ticks">Of the watchdog.</param>
    public CommandSlot? FindOverdue(int ticks)
    {
        foreach (CommandSlot slot in slots)
        {
            if (slot is { State: SlotState.UnderWay, IsPatient: false } && Now - slot.Since > ticks)
            {
                return slot;
            }
        }

        return null;
    }

    /// <summary>Frees the memory, which the controller must not reach any more.</summary>
    public void Dispose()
    {
        Hold(QueueState.Closed);
        submission.Dispose();
        completion.Dispose();
        lists.Dispose();
    }

    private bool IsListening => State is QueueState.Running or QueueState.Closing;

    private bool TryNext(out CompletionEntry entry)
    {
        if (!IsListening)
        {
            entry = default;
            return false;
        }

        ref CompletionEntry next = ref completion.Ref<CompletionEntry>(head);
        ushort field = Volatile.Read(ref next.StatusField);
        if ((field & 1) != 0 != phase)
        {
            entry = default;
            return false;
        }

        // Copied once and then judged: the controller can write to it at any time.
        entry = next;
        entry.StatusField = field;
        unacknowledged++;
        head++;
        if (head == Geometry.CompletionEntries)
        {
            head = 0;
            phase = !phase;
        }

        return true;
    }

    private CommandSlot? Match(in CompletionEntry entry, ref string? violation)
    {
        int index = entry.CommandId & ((1 << indexBits) - 1);
        if (index >= slots.Length || slots[index] is not { State: SlotState.UnderWay } slot || slot.CommandId != entry.CommandId)
        {
            violation = $"completed command 0x{entry.CommandId:x4} of queue {Geometry.Id}, which is not under way";
            return null;
        }

        if (entry.SubmissionQueue != Geometry.Id || entry.SubmissionHead >= Geometry.SubmissionEntries)
        {
            violation = $"named submission queue {entry.SubmissionQueue} and head {entry.SubmissionHead} in a completion of queue {Geometry.Id}, "
                + $"which has {Geometry.SubmissionEntries} entries";
            return null;
        }

        return slot;
    }

    private void Keep(CommandSlot slot, in CompletionEntry entry)
    {
        slot.State = SlotState.Ended;
        slot.Result = entry;
        ready[(readyHead + readyCount++) % ready.Length] = slot.Index;
    }

    private int TakeReady(Span<NvmeCompletion> batch)
    {
        int taken = 0;
        while (readyCount > 0 && taken < batch.Length)
        {
            CommandSlot slot = slots[ready[readyHead]];
            readyHead = (readyHead + 1) % ready.Length;
            readyCount--;
            batch[taken++] = new NvmeCompletion(slot.Tag, slot.Result.Status, slot.Result.DoNotRetry);
            Free(slot);
        }

        return taken;
    }

    private void Free(CommandSlot slot)
    {
        slot.State = SlotState.Free;
        free[freeCount++] = slot.Index;
        if (waiting.Count > 0)
        {
            waiting.Dequeue().SetResult();
        }
    }

    private void WakeAll()
    {
        while (waiting.TryDequeue(out TaskCompletionSource? wait))
        {
            wait.SetResult();
        }
    }
}
