using System.Diagnostics;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Tests.Controller;

/// <summary>A queue pair as a test drives it: commands go in as they are, completions come out as they are.</summary>
internal sealed class RawQueue(RawDriver driver, int id, DmaBuffer submission, DmaBuffer completion, int size)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private uint tail;
    private uint head;
    private bool phase = true;
    private ushort nextId;

    public int Id => id;

    public DmaBuffer Submission => submission;

    public DmaBuffer Completion => completion;

    /// <summary>What the last completion said of how far the controller has taken commands.</summary>
    public ushort SubmissionHead { get; private set; }

    /// <summary>Puts a command into the queue, rings, and waits for a completion.</summary>
    public CompletionEntry Execute(SubmissionEntry command)
    {
        Submit(command);
        return Take();
    }

    /// <summary>Puts a command into the queue and rings; gives it an identifier unless it has one.</summary>
    public ushort Submit(SubmissionEntry command, bool rings = true)
    {
        if (command.CommandId == 0)
        {
            command.CommandId = ++nextId;
        }

        MemoryMarshal.Write(submission.Span[((int)tail * SubmissionEntry.Length)..], in command);
        tail = (tail + 1) % (uint)size;
        if (rings)
        {
            Ring();
        }

        return command.CommandId;
    }

    /// <summary>Tells the controller of what was put into the queue.</summary>
    public void Ring()
    {
        DmaBarrier.BeforeDoorbell();
        driver.WriteDoorbell(2 * id, tail);
    }

    /// <summary>The next completion, and room for another; fails where none comes.</summary>
    public CompletionEntry Take()
    {
        long start = Stopwatch.GetTimestamp();
        CompletionEntry entry;
        while (!TryTake(out entry))
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
            {
                throw new TimeoutException($"no completion came to queue {id}; CSTS is {driver.Status}");
            }

            Thread.Yield();
        }

        return entry;
    }

    /// <summary>The next completion, if there is one.</summary>
    public bool TryTake(out CompletionEntry entry, bool rings = true)
    {
        Span<byte> at = completion.Span.Slice((int)head * CompletionEntry.Length, CompletionEntry.Length);
        uint last = Volatile.Read(ref MemoryMarshal.AsRef<uint>(at[12..]));
        entry = MemoryMarshal.Read<CompletionEntry>(at);
        if (((last >> 16) & 1) != (phase ? 1U : 0U))
        {
            return false;
        }

        SubmissionHead = entry.SubmissionHead;
        if (++head == (uint)size)
        {
            head = 0;
            phase = !phase;
        }

        if (rings)
        {
            driver.WriteDoorbell((2 * id) + 1, head);
        }

        return true;
    }
}
