using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>The admin queue: commands about the controller, one result each (NVM Express Base 2.0, 5).</summary>
/// <param name="pair">Its queues.</param>
/// <param name="trouble">Told where the controller does what none may.</param>
internal sealed class AdminQueue(QueuePair pair, Action<string> trouble)
{
    /// <summary>Its queues.</summary>
    public QueuePair Pair { get; } = pair;

    /// <summary>Whether a vector tells of completions; else they are looked for.</summary>
    public bool HasInterrupt { get; set; }

    /// <summary>Sends a command and waits for its end.</summary>
    /// <param name="command">Which; its identifier is filled in.</param>
    /// <param name="isPatient">Whether it may take for ever.</param>
    /// <returns>How it ended; as <see cref="NvmeStatus.AbortedByHost"/> where the controller takes none, or was stopped meanwhile.</returns>
    public async ValueTask<CompletionEntry> SendAsync(SubmissionEntry command, bool isPatient = false)
    {
        ValueTask<CompletionEntry> end;
        while (true)
        {
            Task wait;
            lock (Pair.Gate)
            {
                if (Pair.TryTake(out CommandSlot? slot))
                {
                    slot.IsAwaited = true;
                    slot.IsPatient = isPatient;
                    slot.Opcode = command.Opcode;
                    slot.ContinueInline = false;
                    command.CommandId = slot.CommandId;
                    Pair.NextEntry = command;
                    Pair.Push();
                    Pair.Ring();
                    end = new ValueTask<CompletionEntry>(slot, slot.Version);
                    break;
                }

                if (Pair.State != QueueState.Running)
                {
                    return new CompletionEntry { StatusField = CompletionEntry.Field(RefusedAs(Pair.State), false) };
                }

                wait = Pair.WaitForSlot();
            }

            await wait.ConfigureAwait(false);
        }

        // Those that may take for ever are looked for by the watchdog.
        while (!HasInterrupt && !isPatient && !end.IsCompleted)
        {
            Look();
            if (!end.IsCompleted)
            {
                await Task.Delay(1).ConfigureAwait(false);
            }
        }

        return await end.ConfigureAwait(false);
    }

    /// <summary>Sends a command that must succeed.</summary>
    /// <param name="command">Which.</param>
    /// <param name="operation">How messages name it.</param>
    /// <returns>Dword 0 of the completion.</returns>
    /// <exception cref="Devices.PciException">It did not.</exception>
    public async ValueTask<uint> RunAsync(SubmissionEntry command, string operation)
    {
        CompletionEntry end = await SendAsync(command).ConfigureAwait(false);
        return end.Status == NvmeStatus.Success ? end.Dword0 : throw Pair.Failures.Of(operation, end.Status);
    }

    /// <summary>Looks for completions.</summary>
    public void Look()
    {
        CommandSlot? ended;
        string? violation;
        lock (Pair.Gate)
        {
            ended = Pair.Drain([], out _, out violation);
        }

        QueuePair.TellAll(ended);
        if (violation is not null)
        {
            trouble(violation);
        }
    }

    /// <summary>Reads a data structure about the controller or a namespace.</summary>
    public ValueTask<uint> IdentifyAsync(IdentifyStructure structure, uint namespaceId, DmaBuffer page) => RunAsync(
        new SubmissionEntry { Opcode = (byte)AdminOpcode.Identify, NamespaceId = namespaceId, Prp1 = page.Iova.Value, Dword10 = (uint)structure },
        $"Identify {structure}");

    /// <summary>Reads the start of a log page.</summary>
    /// <param name="page">Which.</param>
    /// <param name="length">In bytes, a multiple of 4 up to a memory page.</param>
    /// <param name="buffer">Where to, a memory page.</param>
    public ValueTask<uint> ReadLogAsync(LogPage page, int length, DmaBuffer buffer) => RunAsync(
        new SubmissionEntry
        {
            Opcode = (byte)AdminOpcode.GetLogPage,
            NamespaceId = SubmissionEntry.AllNamespaces,
            Prp1 = buffer.Iova.Value,
            Dword10 = (byte)page | ((uint)((length / sizeof(uint)) - 1) << 16),
        },
        $"Get Log Page {page}");

    /// <summary>Changes how the controller works.</summary>
    public ValueTask<uint> SetFeatureAsync(FeatureId feature, uint value) => RunAsync(
        new SubmissionEntry { Opcode = (byte)AdminOpcode.SetFeatures, Dword10 = (byte)feature, Dword11 = value }, $"Set Features {feature}");

    /// <summary>Makes a completion queue.</summary>
    /// <param name="pair">Whose.</param>
    /// <param name="vector">Null where it does not interrupt.</param>
    public ValueTask<uint> CreateCompletionQueueAsync(QueuePair pair, int? vector) => RunAsync(
        new SubmissionEntry
        {
            Opcode = (byte)AdminOpcode.CreateCompletionQueue,
            Prp1 = pair.Completion.Value,
            Dword10 = (uint)pair.Geometry.Id | ((uint)(pair.Geometry.CompletionEntries - 1) << 16),
            Dword11 = 1U | (vector is { } number ? 2U | ((uint)number << 16) : 0),
        },
        "Create I/O Completion Queue");

    /// <summary>Makes a submission queue for the completion queue of the same number.</summary>
    public ValueTask<uint> CreateSubmissionQueueAsync(QueuePair pair) => RunAsync(
        new SubmissionEntry
        {
            Opcode = (byte)AdminOpcode.CreateSubmissionQueue,
            Prp1 = pair.Submission.Value,
            Dword10 = (uint)pair.Geometry.Id | ((uint)(pair.Geometry.SubmissionEntries - 1) << 16),
            Dword11 = 1U | ((uint)pair.Geometry.Id << 16),
        },
        "Create I/O Submission Queue");

    /// <summary>Deletes a queue.</summary>
    /// <param name="opcode">Which kind.</param>
    /// <param name="id">QID.</param>
    public ValueTask<uint> DeleteQueueAsync(AdminOpcode opcode, int id) =>
        RunAsync(new SubmissionEntry { Opcode = (byte)opcode, Dword10 = (uint)id }, opcode.ToString());

    /// <summary>Asks for a command to be given up; what comes of it is seen by the command's own end.</summary>
    public ValueTask<CompletionEntry> AbortAsync(int queue, ushort commandId) => SendAsync(
        new SubmissionEntry { Opcode = (byte)AdminOpcode.Abort, Dword10 = (uint)queue | ((uint)commandId << 16) });

    private static NvmeStatus RefusedAs(QueueState state) => state == QueueState.Lost ? NvmeStatus.HostPathingError : NvmeStatus.AbortedByHost;
}
