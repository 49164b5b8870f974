using System.Runtime.InteropServices;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Lab.Guest.Devices;

/// <summary>An NVMe controller's admin queue, driven by hand: one command at a time, each awaited by vector 0 (NVMe Base 2.0, 3.1.3, 3.3.1, 4.1).</summary>
internal sealed class NvmeAdmin : IDisposable
{
    public const string Id = "1b36:0010";

    /// <summary>The register Version, which never changes.</summary>
    public const ulong Version = 0x08;

    public const int IdentifyLength = 4096;

    private const ulong Capabilities = 0x00;
    private const ulong Configuration = 0x14;
    private const ulong Status = 0x1C;
    private const ulong AdminQueueAttributes = 0x24;
    private const ulong AdminSubmissionQueue = 0x28;
    private const ulong AdminCompletionQueue = 0x30;
    private const ulong Doorbells = 0x1000;

    private const uint Enable = 1;
    private const uint EntrySizes = (6 << 16) | (4 << 20); // 64 and 16 bytes, as powers of two
    private const uint Ready = 1;
    private const uint FatalStatus = 2;
    private const byte IdentifyOpcode = 0x06;
    private const uint IdentifyController = 1;

    private const int Entries = 32;
    private const int SubmissionLength = 64;
    private const int CompletionLength = 16;

    private readonly Bar bar;
    private readonly DmaBuffer submissions;
    private readonly DmaBuffer completions;
    private readonly DmaBuffer data;
    private readonly ulong completionDoorbell;
    private int tail;
    private int head;
    private uint phase = 1;
    private ushort next;

    private NvmeAdmin(PciFunction function, Bar bar)
    {
        this.bar = bar;
        submissions = function.Dma.Allocate(Entries * SubmissionLength);
        completions = function.Dma.Allocate(Entries * CompletionLength);
        data = function.Dma.Allocate(IdentifyLength);
        uint strideCode = Registers.Read32(Capabilities + 4) & 0xF;
        completionDoorbell = Doorbells + (4UL << (int)strideCode);
    }

    /// <summary>What the last Identify put into memory.</summary>
    public ReadOnlySpan<byte> Data => data.Span;

    private Registers Registers => bar.Registers;

    /// <summary>Enables the controller with an empty admin queue. MSI-X should be on.</summary>
    public static async Task<NvmeAdmin> StartAsync(PciFunction function, CancellationToken stop)
    {
        Bar bar = function.MapBar(0);
        var admin = new NvmeAdmin(function, bar);
        try
        {
            await admin.EnableAsync(stop);
            return admin;
        }
        catch
        {
            admin.Dispose();
            throw;
        }
    }

    /// <summary>Asks the controller to describe itself: a page written to memory, a completion, an interrupt.</summary>
    public async Task IdentifyAsync(InterruptVector interrupt, CancellationToken stop)
    {
        ushort id = SubmitIdentify();
        await interrupt.WaitAsync(stop);
        if (!TryComplete(id))
        {
            throw new InvalidDataException($"vector {interrupt.Index} was signalled before command {id} was complete");
        }
    }

    /// <summary>Starts an Identify without awaiting anything.</summary>
    public ushort SubmitIdentify()
    {
        ushort id = next++;
        Span<uint> command = MemoryMarshal.Cast<byte, uint>(submissions.Slice(tail * SubmissionLength, SubmissionLength));
        command.Clear();
        command[0] = IdentifyOpcode | ((uint)id << 16);
        command[6] = data.Iova.Low;
        command[7] = data.Iova.High;
        command[10] = IdentifyController;
        data.Span[..64].Clear();
        tail = (tail + 1) % Entries;
        DmaBarrier.BeforeDoorbell();
        Registers.Write32(Doorbells, (uint)tail);
        return id;
    }

    /// <summary>Takes the completion of a command, if it is there by its phase bit.</summary>
    /// <exception cref="InvalidDataException">It is another command's, or tells of an error.</exception>
    public bool TryComplete(ushort id)
    {
        uint last = Volatile.Read(ref completions.Ref<uint>((head * CompletionLength / sizeof(uint)) + 3));
        if (((last >> 16) & 1) != phase)
        {
            return false;
        }

        DmaBarrier.AfterCompletion();
        head = (head + 1) % Entries;
        if (head == 0)
        {
            phase ^= 1;
        }

        Registers.Write32(completionDoorbell, (uint)head);
        return (ushort)last == id && last >> 17 == 0 ? true
            : throw new InvalidDataException($"the completion of command {id} reads 0x{last:x8}");
    }

    /// <summary>Disables the controller, so that it reaches no memory, and gives back what it used.</summary>
    public void Dispose()
    {
        Registers.Write32(Configuration, 0);
        data.Dispose();
        completions.Dispose();
        submissions.Dispose();
        bar.Dispose();
    }

    private async Task EnableAsync(CancellationToken stop)
    {
        Registers.Write32(Configuration, 0);
        await StatusAsync(0, stop);
        Registers.Write32(AdminQueueAttributes, (Entries - 1) | ((Entries - 1) << 16));
        Write64(AdminSubmissionQueue, submissions.Iova);
        Write64(AdminCompletionQueue, completions.Iova);
        Registers.Write32(Configuration, EntrySizes | Enable);
        await StatusAsync(Ready, stop);
    }

    private async Task StatusAsync(uint ready, CancellationToken stop)
    {
        for (uint status; ((status = Registers.Read32(Status)) & Ready) != ready; await Task.Delay(1, stop))
        {
            if ((status & FatalStatus) != 0)
            {
                throw new InvalidDataException($"the controller's status reads 0x{status:x8}");
            }
        }
    }

    private void Write64(ulong register, Iova address)
    {
        Registers.Write32(register, address.Low);
        Registers.Write32(register + 4, address.High);
    }
}
