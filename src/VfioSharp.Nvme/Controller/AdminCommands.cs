using System.Buffers.Binary;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>Carries out the commands of the admin queue (NVM Express Base 2.0, 5).</summary>
/// <param name="state">What they act on.</param>
/// <param name="queues">The queues.</param>
/// <param name="doorbells">Theirs.</param>
/// <param name="memory">The driver's memory.</param>
internal sealed class AdminCommands(ControllerState state, QueueSet queues, DoorbellBank doorbells, SystemMemory memory)
{
    private const uint SaveBit = 1U << 31;
    private const uint RetainBit = 1 << 15;

    private readonly IdentifyPages identify = new(state);
    private readonly LogPages logs = new(state);
    private readonly QueueCommands queueCommands = new(state, queues);
    private readonly GuestBuffer buffer = new(memory);
    private readonly byte[] page = new byte[LogPages.MaxLength];

    /// <summary>Carries out a command.</summary>
    public CommandResult Execute(in SubmissionEntry command)
    {
        state.Counters.AdminCommands++;

        // PRPs only in admin commands over PCI Express (4.1, figure 87).
        if (command.Transfer != DataTransfer.Prp || command.Fuse != 0)
        {
            return NvmeStatus.InvalidField;
        }

        return (AdminOpcode)command.Opcode switch
        {
            AdminOpcode.Identify => Identify(in command),
            AdminOpcode.CreateCompletionQueue => queueCommands.CreateCompletion(in command),
            AdminOpcode.CreateSubmissionQueue => queueCommands.CreateSubmission(in command),
            AdminOpcode.DeleteCompletionQueue => queueCommands.DeleteCompletion(in command),
            AdminOpcode.DeleteSubmissionQueue => queueCommands.DeleteSubmission(in command),
            AdminOpcode.GetLogPage => GetLogPage(in command),
            AdminOpcode.GetFeatures => GetFeatures(in command),
            AdminOpcode.SetFeatures => SetFeatures(in command),
            AdminOpcode.Abort => Abort(in command),
            AdminOpcode.AsyncEventRequest => state.Events.Wait(command.CommandId),
            AdminOpcode.KeepAlive => KeepAlive(),
            AdminOpcode.DoorbellBufferConfig => ConfigureDoorbells(in command),
            _ => NvmeStatus.InvalidOpcode,
        };
    }

    private CommandResult Identify(in SubmissionEntry command)
    {
        page.AsSpan().Clear();
        NvmeStatus status = identify.Fill(in command, page);
        return status == NvmeStatus.Success ? Send(in command, page) : status;
    }

    private CommandResult GetLogPage(in SubmissionEntry command)
    {
        var log = (LogPage)(byte)command.Dword10;
        int length = LogPages.LengthOf(log);
        if (length == 0)
        {
            return NvmeStatus.InvalidLogPage;
        }

        // Dwords less 1, in halves of two dwords; the offset is in bytes (5.16, figures 198 to 201).
        long wanted = (((command.Dword10 >> 16) | ((long)(command.Dword11 & 0xFFFF) << 16)) + 1) * sizeof(uint);
        ulong offset = command.Dword12 | ((ulong)command.Dword13 << 32);
        if (offset > (ulong)length || (offset & 3) != 0 || wanted > ControllerState.MaxTransfer)
        {
            return NvmeStatus.InvalidField;
        }

        page.AsSpan().Clear();
        logs.Fill(log, page.AsSpan(0, length));
        NvmeStatus status = buffer.Describe(in command, (int)wanted, state.PageSize);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        // What is asked for beyond the end of the page is not written.
        if (!buffer.TryWrite(page.AsSpan((int)offset..length)[..(int)Math.Min(wanted, length - (int)offset)]))
        {
            return NvmeStatus.DataTransferError;
        }

        if ((command.Dword10 & RetainBit) == 0)
        {
            state.Events.Acknowledge(log);
        }

        return NvmeStatus.Success;
    }

    private CommandResult GetFeatures(in SubmissionEntry command)
    {
        var feature = (FeatureId)(byte)command.Dword10;
        var select = (FeatureSelect)(command.Dword10 >> 8 & 7);
        CommandResult result = state.Features.Get(feature, select, command.Dword11);
        int length = FeatureStore.DataLength(feature);
        if (result.IsError || length == 0 || select == FeatureSelect.Capabilities)
        {
            return result;
        }

        Span<byte> data = page.AsSpan(0, length);
        data.Clear();
        if (feature == FeatureId.Timestamp)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(data, state.Features.ReadTimestamp());
        }
        else if (select == FeatureSelect.Current)
        {
            state.Features.HostBehavior.CopyTo(data);
        }

        return Send(in command, data);
    }

    private CommandResult SetFeatures(in SubmissionEntry command)
    {
        var feature = (FeatureId)(byte)command.Dword10;
        if ((command.Dword10 & SaveBit) != 0)
        {
            return NvmeStatus.FeatureNotSaveable;
        }

        if (feature == FeatureId.NumberOfQueues && queues.HasIoQueues)
        {
            return NvmeStatus.CommandSequenceError; // 5.27.1.5: before there is a queue
        }

        int length = FeatureStore.DataLength(feature);
        if (length == 0)
        {
            return state.Features.Set(feature, command.Dword11);
        }

        NvmeStatus status = buffer.Describe(in command, length, state.PageSize);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        Span<byte> data = page.AsSpan(0, length);
        if (!buffer.TryRead(data))
        {
            return NvmeStatus.DataTransferError;
        }

        if (feature == FeatureId.Timestamp)
        {
            state.Features.WriteTimestamp(BinaryPrimitives.ReadUInt64LittleEndian(data));
        }
        else
        {
            data.CopyTo(state.Features.HostBehavior);
        }

        return NvmeStatus.Success;
    }

    // What can still be stopped are requests for events: other commands end before the next is taken.
    private CommandResult Abort(in SubmissionEntry command)
    {
        const uint NotAborted = 1;
        int queue = (int)(command.Dword10 & 0xFFFF);
        if (queues.Submission(queue) is not { } from)
        {
            return NvmeStatus.InvalidField;
        }

        ushort commandId = (ushort)(command.Dword10 >> 16);
        bool isAborted = queue == 0 && from.Completions.HasRoom() && state.Events.Abort(commandId);
        if (isAborted)
        {
            from.Completions.TryPost(0, from.Head, commandId, NvmeStatus.AbortRequested);
        }

        return new CommandResult(NvmeStatus.Success, isAborted ? 0 : NotAborted);
    }

    private CommandResult KeepAlive()
    {
        state.KeepAlive.Renew();
        return NvmeStatus.Success;
    }

    private CommandResult ConfigureDoorbells(in SubmissionEntry command)
    {
        ulong pageMask = (ulong)state.PageSize - 1;
        if (((command.Prp1 | command.Prp2) & pageMask) != 0)
        {
            return NvmeStatus.InvalidField;
        }

        int length = 2 * queues.Limit * sizeof(uint);
        doorbells.Shadow?.Release();
        doorbells.Shadow = null;
        var shadow = new ShadowDoorbells(memory, new Iova(command.Prp1), new Iova(command.Prp2), length);
        if (!shadow.IsReachable)
        {
            shadow.Release();
            return NvmeStatus.DataTransferError;
        }

        // Queues that are there go on from where they are.
        for (int id = 1; id < queues.Limit; id++)
        {
            if (queues.Submission(id) is not null)
            {
                shadow.Set(2 * id, doorbells.Tail(id));
            }

            if (queues.Completion(id) is not null)
            {
                shadow.Set((2 * id) + 1, doorbells.Head(id));
            }
        }

        doorbells.Shadow = shadow;
        return NvmeStatus.Success;
    }

    private CommandResult Send(in SubmissionEntry command, ReadOnlySpan<byte> data)
    {
        NvmeStatus status = buffer.Describe(in command, data.Length, state.PageSize);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        return buffer.TryWrite(data) ? NvmeStatus.Success : NvmeStatus.DataTransferError;
    }
}
