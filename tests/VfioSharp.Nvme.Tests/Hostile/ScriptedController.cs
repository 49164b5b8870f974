using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Nvme.Spec;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Nvme.Tests.Hostile;

/// <summary>
/// A controller that is written for the driver's tests, and shares nothing with the product's but the specification: it does as it should unless a test
/// tells it to lie. Everything is done in the call that writes a doorbell.
/// </summary>
internal sealed class ScriptedController : EmulatedFunction
{
    public const int BlockSize = 512;
    public const int BlockCount = 8192;

    private readonly Dictionary<int, ScriptedQueue> completions = [];
    private readonly Dictionary<int, ScriptedQueue> submissions = [];
    private readonly ulong[] registers = new ulong[0x40 / sizeof(uint)];
    private readonly Lock gate = new();

    public ScriptedController(int vectors = 8)
        : base(new FunctionLayout
        {
            Identity = new FunctionIdentity(0x1234, 0x5678, new ClassCode(0x01, 0x08, 0x02)),
            Bars = vectors == 0 ? [BarLayout.Memory64(0, 0x4000)] : [BarLayout.Memory64(0, 0x4000), BarLayout.Msix(4, vectors)],
        })
    {
    }

    /// <summary>What the medium holds.</summary>
    public byte[] Medium { get; } = new byte[BlockSize * BlockCount];

    /// <summary>CAP: 1024 entries, 1 s, doorbells 4 bytes apart, pages of 4 KiB.</summary>
    public ulong Capabilities { get; set; } = ControllerCapabilities.Of(1024, TimeSpan.FromSeconds(1), 4096).Value;

    /// <summary>VS.</summary>
    public uint Version { get; set; } = 0x00010400;

    /// <summary>What CSTS reads as, of what it should.</summary>
    public Func<uint, uint> Status { get; set; } = value => value;

    /// <summary>Changes what Identify returns.</summary>
    public Action<IdentifyStructure, byte[]> Identify { get; set; } = (_, _) => { };

    /// <summary>What becomes of a command's completion: changed, or null for none.</summary>
    public Func<int, SubmissionEntry, CompletionEntry, CompletionEntry?> Answer { get; set; } = (_, _, entry) => entry;

    /// <summary>Called before a command is carried out; false where it is to be ignored.</summary>
    public Func<int, SubmissionEntry, bool> Accept { get; set; } = (_, _) => true;

    /// <summary>Whether completions are followed by interrupts.</summary>
    public bool Interrupts { get; set; } = true;

    /// <summary>Commands of queue 0, in order.</summary>
    public List<SubmissionEntry> AdminCommands { get; } = [];

    /// <summary>Commands of other queues, in order.</summary>
    public List<SubmissionEntry> IoCommands { get; } = [];

    /// <summary>How often a doorbell was written.</summary>
    public int DoorbellWrites { get; private set; }

    /// <summary>How often it was turned on.</summary>
    public int Starts { get; private set; }

    /// <summary>Whether it was turned off with notice.</summary>
    public bool WasShutDown { get; private set; }

    public bool IsEnabled => new ControllerConfiguration((uint)registers[(int)ControllerRegister.Configuration / 4]).IsEnabled;

    /// <summary>Whether it may reach memory.</summary>
    public bool CanReach(ulong address) => Memory.TryRead(new Iova(address), new byte[1]);

    /// <summary>Puts a completion into a queue, whatever it says.</summary>
    public void Post(int queue, CompletionEntry entry)
    {
        lock (gate)
        {
            if (completions.TryGetValue(queue, out ScriptedQueue? target))
            {
                Post(target, entry);
            }
        }
    }

    /// <summary>Completes a command that was ignored.</summary>
    public void Complete(int queue, SubmissionEntry command, NvmeStatus status = NvmeStatus.Success, uint dword0 = 0) => Post(queue, new CompletionEntry
    {
        CommandId = command.CommandId,
        SubmissionQueue = (ushort)queue,
        Dword0 = dword0,
        StatusField = CompletionEntry.Field(status, false),
    });

    public void Interrupt(int vector) => Raise(vector);

    protected override ulong OnRead(int bar, ulong offset, int width)
    {
        if (bar != 0 || offset >= 0x40)
        {
            return 0;
        }

        return (offset & ~3UL) switch
        {
            0 => (uint)Capabilities,
            4 => Capabilities >> 32,
            8 => Version,
            ControllerRegister.Status => Status((uint)registers[(int)ControllerRegister.Status / 4]),
            ulong other => registers[(int)other / 4],
        };
    }

    protected override void OnWrite(int bar, ulong offset, int width, ulong value)
    {
        if (bar != 0)
        {
            return;
        }

        if (offset >= ControllerRegister.Doorbells)
        {
            DoorbellWrites++;
            Ring(offset, (uint)value);
        }
        else if (offset < 0x40)
        {
            registers[(int)offset / 4] = value;
            if (offset == ControllerRegister.Configuration)
            {
                Configure(new ControllerConfiguration((uint)value));
            }
        }
    }

    private void Configure(ControllerConfiguration configuration)
    {
        ref ulong status = ref registers[(int)ControllerRegister.Status / 4];
        bool isReady = (status & 1) != 0;
        if (configuration.IsEnabled && !isReady)
        {
            Starts++;
            WasShutDown = false;
            uint attributes = (uint)registers[(int)ControllerRegister.AdminQueueAttributes / 4];
            lock (gate)
            {
                submissions[0] = new ScriptedQueue(0, Register64(ControllerRegister.AdminSubmissionQueue), (int)(attributes & 0xFFF) + 1, null);
                completions[0] = new ScriptedQueue(0, Register64(ControllerRegister.AdminCompletionQueue), (int)(attributes >> 16) + 1, 0);
            }

            status = 1;
        }
        else if (!configuration.IsEnabled)
        {
            lock (gate)
            {
                submissions.Clear();
                completions.Clear();
            }

            status = 0;
        }

        if (configuration.Shutdown != ShutdownNotice.None)
        {
            WasShutDown = true;
            status |= (uint)ControllerStatus.ShutdownComplete;
        }
    }

    private ulong Register64(ulong offset) => registers[(int)offset / 4] | (registers[((int)offset / 4) + 1] << 32);

    private void Ring(ulong offset, uint value)
    {
        int stride = new ControllerCapabilities(Capabilities).DoorbellStride;
        int index = (int)(offset - ControllerRegister.Doorbells) / stride;
        if ((index & 1) != 0 || !submissions.TryGetValue(index / 2, out ScriptedQueue? queue))
        {
            return;
        }

        while (queue.Index != value && IsEnabled)
        {
            if (!Memory.TryRead(new Iova(queue.Address + ((ulong)queue.Index * SubmissionEntry.Length)), out SubmissionEntry command))
            {
                registers[(int)ControllerRegister.Status / 4] |= (uint)ControllerStatus.Fatal;
                return;
            }

            queue.Index = (queue.Index + 1) % queue.Entries;
            (queue.Id == 0 ? AdminCommands : IoCommands).Add(command);
            if (Accept(queue.Id, command))
            {
                uint dword0 = 0;
                NvmeStatus status = queue.Id == 0 ? Admin(command, ref dword0) : Io(command);
                if (queue.Id == 0 && command.Opcode == (byte)AdminOpcode.AsyncEventRequest)
                {
                    continue;
                }

                var entry = new CompletionEntry
                {
                    CommandId = command.CommandId,
                    SubmissionQueue = (ushort)queue.Id,
                    SubmissionHead = (ushort)queue.Index,
                    Dword0 = dword0,
                    StatusField = CompletionEntry.Field(status, false),
                };
                if (Answer(queue.Id, command, entry) is { } answer)
                {
                    Post(queue.Id, answer);
                }
            }
        }
    }

    private NvmeStatus Admin(SubmissionEntry command, ref uint dword0)
    {
        int id = (int)(command.Dword10 & 0xFFFF);
        switch ((AdminOpcode)command.Opcode)
        {
            case AdminOpcode.Identify:
                return ReturnIdentify(command);
            case AdminOpcode.SetFeatures:
                dword0 = (command.Dword10 & 0xFF) == (uint)FeatureId.NumberOfQueues ? 0x00070007U : 0;
                return NvmeStatus.Success;
            case AdminOpcode.CreateCompletionQueue:
                completions[id] = new ScriptedQueue(
                    id, command.Prp1, (int)(command.Dword10 >> 16) + 1, (command.Dword11 & 2) != 0 ? (int)(command.Dword11 >> 16) : null);
                return NvmeStatus.Success;
            case AdminOpcode.CreateSubmissionQueue:
                submissions[id] = new ScriptedQueue(id, command.Prp1, (int)(command.Dword10 >> 16) + 1, null);
                return NvmeStatus.Success;
            case AdminOpcode.DeleteSubmissionQueue:
                submissions.Remove(id);
                return NvmeStatus.Success;
            case AdminOpcode.DeleteCompletionQueue:
                completions.Remove(id);
                return NvmeStatus.Success;
            case AdminOpcode.GetLogPage:
                Memory.TryWrite(new Iova(command.Prp1), new byte[512]);
                return NvmeStatus.Success;
            case AdminOpcode.Abort or AdminOpcode.AsyncEventRequest:
                return NvmeStatus.Success;
            default:
                return NvmeStatus.InvalidOpcode;
        }
    }

    private NvmeStatus ReturnIdentify(SubmissionEntry command)
    {
        byte[] bytes = new byte[4096];
        var structure = (IdentifyStructure)(command.Dword10 & 0xFF);
        switch (structure)
        {
            case IdentifyStructure.Controller:
                _ = new IdentifyController(bytes)
                {
                    VendorId = 0x1234,
                    SerialNumber = "SCRIPT",
                    ModelNumber = "Scripted controller",
                    FirmwareRevision = "1",
                    MaxTransfer = 5,
                    SubmissionEntrySizes = 0x66,
                    CompletionEntrySizes = 0x44,
                    NamespaceCount = 1,
                    OptionalCommands = 0xD,
                    AsyncEventLimit = 3,
                };
                break;
            case IdentifyStructure.ActiveNamespaces:
                bytes[0] = command.NamespaceId == 0 ? (byte)1 : (byte)0;
                break;
            default:
                var space = new IdentifyNamespace(bytes) { Size = BlockCount, Capacity = BlockCount };
                space.SetFormat(0, 9, 0);
                break;
        }

        Identify(structure, bytes);
        return Memory.TryWrite(new Iova(command.Prp1), bytes) ? NvmeStatus.Success : NvmeStatus.DataTransferError;
    }

    private NvmeStatus Io(SubmissionEntry command)
    {
        int start = (int)Math.Min(command.StartingBlock, BlockCount) * BlockSize;
        int length = command.BlockCount * BlockSize;
        switch ((IoOpcode)command.Opcode)
        {
            case IoOpcode.Flush:
                return NvmeStatus.Success;
            case IoOpcode.DatasetManagement:
                Memory.TryRead(new Iova(command.Prp1), out DatasetRange range);
                Medium.AsSpan((int)range.StartingBlock * BlockSize, (int)range.BlockCount * BlockSize).Clear();
                return NvmeStatus.Success;
        }

        if (start + length > Medium.Length)
        {
            return NvmeStatus.LbaOutOfRange;
        }

        Span<byte> blocks = Medium.AsSpan(start, length);
        switch ((IoOpcode)command.Opcode)
        {
            case IoOpcode.Read:
                return PageWalk.Scatter(Memory, command, blocks) ? NvmeStatus.Success : NvmeStatus.DataTransferError;
            case IoOpcode.Write:
                return PageWalk.Gather(Memory, command, blocks) ? NvmeStatus.Success : NvmeStatus.DataTransferError;
            case IoOpcode.Compare:
                byte[] other = new byte[length];
                return !PageWalk.Gather(Memory, command, other) ? NvmeStatus.DataTransferError
                    : blocks.SequenceEqual(other) ? NvmeStatus.Success : NvmeStatus.CompareFailure;
            case IoOpcode.WriteZeroes:
                blocks.Clear();
                return NvmeStatus.Success;
            default:
                return NvmeStatus.InvalidOpcode;
        }
    }

    private void Post(ScriptedQueue queue, CompletionEntry entry)
    {
        entry.StatusField = (ushort)((entry.StatusField & ~1) | (queue.Phase ? 1 : 0));
        Memory.TryWrite(new Iova(queue.Address + ((ulong)queue.Index * CompletionEntry.Length)), entry);
        queue.Index++;
        if (queue.Index == queue.Entries)
        {
            queue.Index = 0;
            queue.Phase = !queue.Phase;
        }

        if (Interrupts && queue.Vector is { } vector && Layout.Bars.Length > 1)
        {
            Raise(vector);
        }
    }
}
