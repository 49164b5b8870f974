using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>A submission queue as the controller keeps it (NVM Express Base 2.0, 3.3.1 and 4.1).</summary>
internal sealed class SubmissionQueue
{
    private readonly GuestBlock entries;

    /// <param name="memory">The driver's memory.</param>
    /// <param name="id">0 for the admin queue.</param>
    /// <param name="address">Where its entries are.</param>
    /// <param name="size">How many there are, at least 2.</param>
    /// <param name="completions">Where its commands complete.</param>
    public SubmissionQueue(SystemMemory memory, int id, ulong address, int size, CompletionQueue completions)
    {
        Id = id;
        Size = size;
        Completions = completions;
        entries = new GuestBlock(memory, new Iova(address), size * SubmissionEntry.Length, DmaAccess.Read);
    }

    /// <summary>0 for the admin queue.</summary>
    public int Id { get; }

    /// <summary>How many entries it has.</summary>
    public int Size { get; }

    /// <summary>Where its commands complete.</summary>
    public CompletionQueue Completions { get; }

    /// <summary>The next entry to take.</summary>
    public uint Head { get; private set; }

    /// <summary>The tail that was seen last.</summary>
    public uint SeenTail { get; set; }

    /// <summary>Takes the next command; false where the memory cannot be read.</summary>
    public bool TryTake(out SubmissionEntry command)
    {
        if (!entries.TryRead((int)Head * SubmissionEntry.Length, out command))
        {
            return false;
        }

        Head = Head + 1 == (uint)Size ? 0 : Head + 1;
        return true;
    }

    /// <summary>Lets go of its memory until it is used again.</summary>
    public void Release() => entries.Release();
}
