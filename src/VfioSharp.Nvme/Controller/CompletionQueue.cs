using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>A completion queue as the controller keeps it (NVM Express Base 2.0, 3.3.1 and 4.6).</summary>
internal sealed class CompletionQueue
{
    private const int StatusDword = 12;

    private readonly GuestBlock entries;
    private readonly DoorbellBank doorbells;
    private uint tail;
    private uint head;
    private bool phase = true;

    /// <param name="memory">The driver's memory.</param>
    /// <param name="doorbells">Where its head is read.</param>
    /// <param name="id">0 for the admin queue.</param>
    /// <param name="address">Where its entries are.</param>
    /// <param name="size">How many there are, at least 2.</param>
    /// <param name="vector">Its interrupt vector; null where it does not interrupt.</param>
    public CompletionQueue(SystemMemory memory, DoorbellBank doorbells, int id, ulong address, int size, int? vector)
    {
        this.doorbells = doorbells;
        Id = id;
        Size = size;
        Vector = vector;
        entries = new GuestBlock(memory, new Iova(address), size * CompletionEntry.Length, DmaAccess.Write);
    }

    /// <summary>0 for the admin queue.</summary>
    public int Id { get; }

    /// <summary>How many entries it has.</summary>
    public int Size { get; }

    /// <summary>Its interrupt vector; null where it does not interrupt.</summary>
    public int? Vector { get; }

    /// <summary>How many submission queues complete here.</summary>
    public int Users { get; set; }

    /// <summary>How many commands are under way whose completions will come here.</summary>
    public int Reserved { get; set; }

    /// <summary>How many entries were posted and not yet told of by an interrupt.</summary>
    public int Untold { get; set; }

    /// <summary>Where the next entry goes.</summary>
    public uint Tail => tail;

    /// <summary>What the driver had taken when that was looked at last.</summary>
    public uint Head => head;

    /// <summary>Whether the driver's head lies outside of the queue, as seen when it was last looked at.</summary>
    public bool HasInvalidHead { get; private set; }

    /// <summary>Whether there is room for one more completion beside those that are promised.</summary>
    public bool HasRoom() => Room(head) || (Look() && Room(head));

    /// <summary>Writes a completion; false where the memory cannot be written.</summary>
    /// <param name="submissionQueue">Where the command came from.</param>
    /// <param name="submissionHead">How far that has been taken.</param>
    /// <param name="commandId">The command.</param>
    /// <param name="result">How it ended.</param>
    public bool TryPost(int submissionQueue, uint submissionHead, ushort commandId, CommandResult result)
    {
        int at = (int)tail * CompletionEntry.Length;
        ushort status = CompletionEntry.Field(result.Status, phase, result.DoNotRetry);

        // The last dword holds the phase tag: whoever sees it sees the rest.
        if (!entries.TryWrite64(at, result.Dword0)
            || !entries.TryWrite32(at + sizeof(ulong), submissionHead | ((uint)submissionQueue << 16))
            || !entries.TryWrite32(at + StatusDword, commandId | ((uint)status << 16)))
        {
            return false;
        }

        Untold++;
        if (++tail == (uint)Size)
        {
            tail = 0;
            phase = !phase;
        }

        return true;
    }

    /// <summary>Lets go of its memory until it is used again.</summary>
    public void Release() => entries.Release();

    // Full is one less than its size (3.3.1.3).
    private bool Room(uint from)
    {
        int used = (int)(tail >= from ? tail - from : tail + (uint)Size - from);
        return used + Reserved < Size - 1;
    }

    private bool Look()
    {
        uint now = doorbells.Head(Id);
        HasInvalidHead = now >= (uint)Size;
        if (HasInvalidHead || now == head)
        {
            return false;
        }

        head = now;
        return true;
    }
}
