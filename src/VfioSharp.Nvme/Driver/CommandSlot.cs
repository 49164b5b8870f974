using System.Threading.Tasks.Sources;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>
/// Room for one command under way, with the source of what awaits it. The slots of a queue are made once; a command takes one and gives it back when
/// its result is taken.
/// </summary>
/// <param name="queue">Whose it is.</param>
/// <param name="index">Its number, the low bits of its command identifiers.</param>
internal sealed class CommandSlot(QueuePair queue, int index)
    : IValueTaskSource<CompletionEntry>, IValueTaskSource<NvmeStatus>, IValueTaskSource<bool>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<CompletionEntry> core;

    /// <summary>Its number in the queue.</summary>
    public int Index { get; } = index;

    /// <summary>What it is about, for messages and for what the result is turned into.</summary>
    public byte Opcode { get; set; }

    /// <summary>The identifier of the command that is in it: its number and, above, how often it was used, so that an old one is known.</summary>
    public ushort CommandId { get; set; }

    public SlotState State { get; set; }

    /// <summary>Whether somebody awaits it; else it is of a batch.</summary>
    public bool IsAwaited { get; set; }

    /// <summary>Whether Abort was sent for it.</summary>
    public bool IsAborting { get; set; }

    /// <summary>Whether it may take for ever, as asynchronous event requests do.</summary>
    public bool IsPatient { get; set; }

    /// <summary>The watchdog's time when it was started, or Abort was sent.</summary>
    public int Since { get; set; }

    /// <summary>What the caller of a batch gave with it.</summary>
    public ulong Tag { get; set; }

    /// <summary>How it ended.</summary>
    public CompletionEntry Result { get; set; }

    /// <summary>The next of those that ended at the same time, to be told of it.</summary>
    public CommandSlot? Next { get; set; }

    /// <summary>Tells this use of the slot from others.</summary>
    public short Version => core.Version;

    /// <summary>Where what awaits it goes on.</summary>
    public bool ContinueInline { set => core.RunContinuationsAsynchronously = !value; }

    /// <summary>Tells whoever awaits it. Runs foreign code, so no lock is held.</summary>
    public void Tell() => core.SetResult(Result);

    ValueTaskSourceStatus IValueTaskSource<CompletionEntry>.GetStatus(short token) => core.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource<NvmeStatus>.GetStatus(short token) => core.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => core.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => core.GetStatus(token);

    void IValueTaskSource<CompletionEntry>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => core.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource<NvmeStatus>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => core.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource<bool>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => core.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => core.OnCompleted(continuation, state, token, flags);

    CompletionEntry IValueTaskSource<CompletionEntry>.GetResult(short token) => Take(token);

    NvmeStatus IValueTaskSource<NvmeStatus>.GetResult(short token) => Take(token).Status;

    /// <summary>Whether what was compared is equal.</summary>
    bool IValueTaskSource<bool>.GetResult(short token)
    {
        byte opcode = Opcode;
        NvmeStatus status = Take(token).Status;
        return status switch
        {
            NvmeStatus.Success => true,
            NvmeStatus.CompareFailure => false,
            _ => throw queue.Failures.Of((IoOpcode)opcode, status),
        };
    }

    void IValueTaskSource.GetResult(short token)
    {
        byte opcode = Opcode;
        NvmeStatus status = Take(token).Status;
        if (status != NvmeStatus.Success)
        {
            throw queue.Failures.Of((IoOpcode)opcode, status);
        }
    }

    private CompletionEntry Take(short token)
    {
        if (core.GetStatus(token) == ValueTaskSourceStatus.Pending)
        {
            throw new InvalidOperationException("the command is under way: await it");
        }

        CompletionEntry result = core.GetResult(token);
        core.Reset();
        queue.GiveBack(this);
        return result;
    }
}
