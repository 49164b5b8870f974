using System.Diagnostics.CodeAnalysis;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>
/// An I/O queue of a controller. Commands are awaited, or sent and looked for in batches; neither allocates. Any thread may use it, one queue a
/// thread is the fastest.
/// </summary>
/// <remarks>
/// <para>What <c>…Async</c> returns is awaited exactly once; until then it keeps its place in the queue.</para>
/// <para>When the controller is reset, because it failed or did not answer in time, everything under way ends as
/// <see cref="NvmeStatus.AbortedByHost"/>, and the queue goes on. When the function is gone everything ends as
/// <see cref="NvmeStatus.HostPathingError"/> or <see cref="Devices.DeviceLostException"/>, once. Memory is the caller's again when a command ends.</para>
/// </remarks>
[SuppressMessage("Naming", "CA1711", Justification = "It is one: the specification's noun.")]
public sealed class NvmeQueue : IAsyncDisposable
{
    private readonly DriverCore core;
    private readonly QueuePair pair;
    private readonly int maxTransfer;
    private readonly bool continueInline;
    private readonly PollThread? thread;

    internal NvmeQueue(DriverCore core, QueuePair pair, NvmeQueueOptions options, NvmeCompletionMode mode, VectorLoop? vector)
    {
        this.core = core;
        this.pair = pair;
        maxTransfer = core.Controller.MaxTransferLength;
        continueInline = options.ContinueInline;
        Completion = mode;
        Vector = vector;
        Look = LookForAwaited;
        vector?.Add(Look);
        thread = mode == NvmeCompletionMode.Thread ? new PollThread(pair, Look, $"NVMe queue {pair.Geometry.Id}") : null;
    }

    /// <summary>Its number at the controller, 1 and up.</summary>
    public int Id => pair.Geometry.Id;

    /// <summary>How many commands can be under way at once.</summary>
    public int Depth => pair.Geometry.Depth;

    /// <summary>Who looks for completions.</summary>
    public NvmeCompletionMode Completion { get; }

    /// <summary>How many commands are at the controller now.</summary>
    public int UnderWay => pair.UnderWay;

    internal QueuePair Pair => pair;

    internal VectorLoop? Vector { get; }

    /// <summary>Takes what there is of awaited commands.</summary>
    internal Action Look { get; }

    /// <summary>Sends a command and tells how it ended, whatever that is.</summary>
    /// <param name="command">Which.</param>
    /// <returns>How it ended; see <see cref="NvmeCompletion.Status"/> for what does not come from the controller.</returns>
    /// <exception cref="ArgumentException">Its memory is of another function, or it moves too much.</exception>
    /// <exception cref="ObjectDisposedException">The queue or the memory was disposed.</exception>
    public ValueTask<NvmeStatus> ExecuteAsync(in NvmeCommand command) =>
        TryStart(command) is { } slot ? new ValueTask<NvmeStatus>(slot, slot.Version) : StatusLaterAsync(command);

    /// <summary>Sends a command that must succeed.</summary>
    /// <param name="command">Which.</param>
    /// <exception cref="ArgumentException">Its memory is of another function, or it moves too much.</exception>
    /// <exception cref="NvmeException">It failed, or was given up for a reset of the controller.</exception>
    /// <exception cref="Devices.DeviceLostException">The function is gone.</exception>
    /// <exception cref="ObjectDisposedException">The queue or the memory was disposed.</exception>
    public ValueTask RunAsync(in NvmeCommand command) =>
        TryStart(command) is { } slot ? new ValueTask(slot, slot.Version) : SuccessLaterAsync(command);

    /// <inheritdoc cref="NvmeCommand.Read"/>
    /// <inheritdoc cref="RunAsync" path="/exception"/>
    public ValueTask ReadAsync(NvmeNamespaceInfo target, ulong block, int blockCount, DmaBuffer buffer, long offset = 0) =>
        RunAsync(NvmeCommand.Read(target, block, blockCount, buffer, offset));

    /// <inheritdoc cref="NvmeCommand.Write"/>
    /// <inheritdoc cref="RunAsync" path="/exception"/>
    public ValueTask WriteAsync(
        NvmeNamespaceInfo target, ulong block, int blockCount, DmaBuffer buffer, long offset = 0, bool forceUnitAccess = false) =>
        RunAsync(NvmeCommand.Write(target, block, blockCount, buffer, offset, forceUnitAccess));

    /// <inheritdoc cref="NvmeCommand.Flush"/>
    /// <inheritdoc cref="RunAsync" path="/exception"/>
    public ValueTask FlushAsync(NvmeNamespaceInfo target) => RunAsync(NvmeCommand.Flush(target));

    /// <inheritdoc cref="NvmeCommand.WriteZeroes"/>
    /// <inheritdoc cref="RunAsync" path="/exception"/>
    public ValueTask WriteZeroesAsync(NvmeNamespaceInfo target, ulong block, int blockCount, bool deallocate = false) =>
        RunAsync(NvmeCommand.WriteZeroes(target, block, blockCount, deallocate));

    /// <inheritdoc cref="NvmeCommand.Deallocate"/>
    /// <inheritdoc cref="RunAsync" path="/exception"/>
    public ValueTask DeallocateAsync(NvmeNamespaceInfo target, ulong block, uint blockCount) =>
        RunAsync(NvmeCommand.Deallocate(target, block, blockCount));

    /// <summary>Compares blocks with memory.</summary>
    /// <returns>Whether they are equal.</returns>
    /// <inheritdoc cref="NvmeCommand.Compare"/>
    /// <inheritdoc cref="RunAsync" path="/exception"/>
    public ValueTask<bool> CompareAsync(NvmeNamespaceInfo target, ulong block, int blockCount, DmaBuffer buffer, long offset = 0)
    {
        NvmeCommand command = NvmeCommand.Compare(target, block, blockCount, buffer, offset);
        return TryStart(command) is { } slot ? new ValueTask<bool>(slot, slot.Version) : EqualLaterAsync(command);
    }

    /// <summary>Puts a command into the queue. The controller learns of it by <see cref="Submit"/>.</summary>
    /// <param name="command">Which.</param>
    /// <param name="tag">What its completion is to be known by.</param>
    /// <returns>False where the queue is full, or the controller is being reset: <see cref="Poll"/>, and try again.</returns>
    /// <exception cref="InvalidOperationException">The queue is not one of <see cref="NvmeCompletionMode.Caller"/>.</exception>
    /// <exception cref="ArgumentException">Its memory is of another function, or it moves too much.</exception>
    /// <exception cref="NvmeException">The controller failed.</exception>
    /// <exception cref="Devices.DeviceLostException">The function is gone.</exception>
    /// <exception cref="ObjectDisposedException">The queue or the memory was disposed.</exception>
    public bool TryAdd(in NvmeCommand command, ulong tag)
    {
        ThrowIfNotBatch();
        Check(command);
        lock (pair.Gate)
        {
            if (pair.TryTake(out CommandSlot? slot))
            {
                slot.IsAwaited = false;
                slot.Tag = tag;
                Fill(slot, command);
                return true;
            }
        }

        return pair.State <= QueueState.Held ? false : throw Refusal(command.Opcode);
    }

    /// <summary>Puts a read into the queue.</summary>
    /// <param name="target">The namespace.</param>
    /// <param name="block">The first logical block.</param>
    /// <param name="blockCount">1 to 65536; their length must not exceed <see cref="NvmeControllerInfo.MaxTransferLength"/>.</param>
    /// <param name="buffer">The memory. It is the controller's until the command ends.</param>
    /// <param name="offset">Where in it, in bytes, a multiple of 4.</param>
    /// <param name="tag">What its completion is to be known by.</param>
    /// <inheritdoc cref="TryAdd" path="/returns"/>
    /// <inheritdoc cref="TryAdd" path="/exception"/>
    public bool TryRead(NvmeNamespaceInfo target, ulong block, int blockCount, DmaBuffer buffer, long offset, ulong tag) =>
        TryAdd(NvmeCommand.Read(target, block, blockCount, buffer, offset), tag);

    /// <summary>Puts a write into the queue.</summary>
    /// <param name="target">The namespace.</param>
    /// <param name="block">The first logical block.</param>
    /// <param name="blockCount">1 to 65536; their length must not exceed <see cref="NvmeControllerInfo.MaxTransferLength"/>.</param>
    /// <param name="buffer">The memory. It must not change until the command ends.</param>
    /// <param name="offset">Where in it, in bytes, a multiple of 4.</param>
    /// <param name="tag">What its completion is to be known by.</param>
    /// <param name="forceUnitAccess">FUA: it ends when the data is on the medium, whatever is cached.</param>
    /// <inheritdoc cref="TryAdd" path="/returns"/>
    /// <inheritdoc cref="TryAdd" path="/exception"/>
    public bool TryWrite(
        NvmeNamespaceInfo target, ulong block, int blockCount, DmaBuffer buffer, long offset, ulong tag, bool forceUnitAccess = false) =>
        TryAdd(NvmeCommand.Write(target, block, blockCount, buffer, offset, forceUnitAccess), tag);

    /// <summary>Tells the controller of all commands that were put into the queue: one doorbell.</summary>
    public void Submit()
    {
        lock (pair.Gate)
        {
            if (pair.State == QueueState.Running)
            {
                pair.Ring();
            }
        }
    }

    /// <summary>Takes completions; does not wait. Those that do not fit are there the next time.</summary>
    /// <param name="completions">Where to.</param>
    /// <returns>How many.</returns>
    /// <exception cref="InvalidOperationException">The queue is not one of <see cref="NvmeCompletionMode.Caller"/>.</exception>
    public int Poll(Span<NvmeCompletion> completions)
    {
        ThrowIfNotBatch();
        CommandSlot? ended;
        string? violation;
        int taken;
        lock (pair.Gate)
        {
            ended = pair.Drain(completions, out taken, out violation);
        }

        Conclude(ended, violation);
        return taken;
    }

    /// <summary>
    /// Deletes the queue. Commands under way end as <see cref="NvmeStatus.AbortedByQueueDeletion"/> at the latest; what a batch had under way can
    /// still be taken by <see cref="Poll"/>.
    /// </summary>
    public ValueTask DisposeAsync() => core.RemoveAsync(this);

    /// <summary>No thread looks any more.</summary>
    internal void StopLooking()
    {
        Vector?.Remove(Look);
        thread?.Dispose();
    }

    /// <summary>Takes what there is of awaited commands, and tells whether some of it had been there for a whole tick of the watchdog.</summary>
    internal bool LookForLate(int now)
    {
        CommandSlot? ended;
        string? violation;
        lock (pair.Gate)
        {
            ended = pair.Drain([], out _, out violation);
        }

        bool isLate = false;
        for (CommandSlot? slot = ended; slot is not null; slot = slot.Next)
        {
            isLate |= now - slot.Since > 1;
        }

        Conclude(ended, violation);
        return isLate;
    }

    private void LookForAwaited()
    {
        CommandSlot? ended;
        string? violation;
        lock (pair.Gate)
        {
            ended = pair.Drain([], out _, out violation);
        }

        Conclude(ended, violation);
    }

    private void Conclude(CommandSlot? ended, string? violation)
    {
        if (ended is not null)
        {
            QueuePair.TellAll(ended);
        }

        if (violation is not null)
        {
            core.Distrust(violation);
        }
    }

    private CommandSlot? TryStart(in NvmeCommand command)
    {
        Check(command);
        CommandSlot? slot;
        lock (pair.Gate)
        {
            slot = TryStartLocked(command);
        }

        thread?.Wake();
        return slot;
    }

    private CommandSlot? TryStartLocked(in NvmeCommand command)
    {
        if (pair.TryTake(out CommandSlot? slot))
        {
            slot.IsAwaited = true;
            slot.ContinueInline = continueInline;
            Fill(slot, command);
            pair.Ring();
        }

        return slot;
    }

    // The queue is full, or takes nothing for now, or for ever.
    private async ValueTask<CommandSlot?> StartLaterAsync(NvmeCommand command)
    {
        while (true)
        {
            Task wait;
            lock (pair.Gate)
            {
                if (TryStartLocked(command) is { } slot)
                {
                    thread?.Wake();
                    return slot;
                }

                if (pair.State > QueueState.Held)
                {
                    return null;
                }

                wait = pair.WaitForSlot();
            }

            await wait.ConfigureAwait(false);
        }
    }

    private async ValueTask<NvmeStatus> StatusLaterAsync(NvmeCommand command)
    {
        if (await StartLaterAsync(command).ConfigureAwait(false) is { } slot)
        {
            return await new ValueTask<NvmeStatus>(slot, slot.Version).ConfigureAwait(false);
        }

        ObjectDisposedException.ThrowIf(pair.State >= QueueState.Closing, this);
        return pair.State == QueueState.Lost ? NvmeStatus.HostPathingError : NvmeStatus.AbortedByHost;
    }

    private async ValueTask SuccessLaterAsync(NvmeCommand command)
    {
        CommandSlot slot = await StartLaterAsync(command).ConfigureAwait(false) ?? throw Refusal(command.Opcode);
        await new ValueTask(slot, slot.Version).ConfigureAwait(false);
    }

    private async ValueTask<bool> EqualLaterAsync(NvmeCommand command)
    {
        CommandSlot slot = await StartLaterAsync(command).ConfigureAwait(false) ?? throw Refusal(command.Opcode);
        return await new ValueTask<bool>(slot, slot.Version).ConfigureAwait(false);
    }

    private Exception Refusal(IoOpcode opcode) => pair.State switch
    {
        QueueState.Lost => pair.Failures.Lost(opcode.ToString()),
        QueueState.Closing or QueueState.Closed => new ObjectDisposedException(nameof(NvmeQueue)),
        _ => pair.Failures.Failed(opcode.ToString()),
    };

    private void ThrowIfNotBatch()
    {
        if (Completion != NvmeCompletionMode.Caller)
        {
            throw new InvalidOperationException($"queue {Id} looks for its completions itself: make one with {nameof(NvmeCompletionMode)}.{nameof(NvmeCompletionMode.Caller)}");
        }
    }

    private void Check(in NvmeCommand command)
    {
        if (command.Buffer is { } buffer)
        {
            ObjectDisposedException.ThrowIf(buffer.IsDisposed, buffer);
            if (!ReferenceEquals(buffer.Space, core.Dma))
            {
                throw new ArgumentException("the memory is another function's: allocate it from this controller's", nameof(command));
            }

            if (command.Length > maxTransfer)
            {
                throw new ArgumentException($"{command.Length} bytes are more than the {maxTransfer} that a command can move (MaxTransferLength)", nameof(command));
            }
        }
        else if (command.NamespaceId == 0)
        {
            throw new ArgumentException("it is no command: make one by NvmeCommand's methods", nameof(command));
        }
    }

    // Under the gate.
    private void Fill(CommandSlot slot, in NvmeCommand command)
    {
        slot.Opcode = (byte)command.Opcode;
        pair.NextEntry = CommandEntries.Of(command, slot, pair, core.Controller.CanTakeSgl);
        pair.Push();
    }
}
