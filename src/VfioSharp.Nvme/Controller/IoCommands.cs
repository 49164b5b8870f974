using System.Runtime.InteropServices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>Carries out the commands of I/O queues (NVM Express NVM Command Set 1.0, 3).</summary>
/// <param name="state">What they act on.</param>
/// <param name="memory">The driver's memory.</param>
internal sealed class IoCommands(ControllerState state, SystemMemory memory)
{
    private readonly GuestBuffer buffer = new(memory);
    private readonly DatasetRange[] ranges = new DatasetRange[DatasetRange.MaxCount];

    /// <summary>Carries out a command.</summary>
    public CommandResult Execute(in SubmissionEntry command)
    {
        state.Counters.IoCommands++;
        if (command.Fuse != 0)
        {
            return NvmeStatus.InvalidField;
        }

        if ((IoOpcode)command.Opcode is not (IoOpcode.Read or IoOpcode.Write or IoOpcode.Flush or IoOpcode.Compare or IoOpcode.WriteZeroes or IoOpcode.DatasetManagement))
        {
            return NvmeStatus.InvalidOpcode;
        }

        if (state.Namespaces.Find(command.NamespaceId) is not { } target)
        {
            return command.NamespaceId == SubmissionEntry.AllNamespaces && (IoOpcode)command.Opcode == IoOpcode.Flush
                ? state.Namespaces.Flush() : NvmeStatus.InvalidNamespace;
        }

        return (IoOpcode)command.Opcode switch
        {
            IoOpcode.Read => Read(target, in command),
            IoOpcode.Write => Write(target, in command),
            IoOpcode.Flush => target.Flush(),
            IoOpcode.Compare => Compare(target, in command),
            IoOpcode.WriteZeroes => WriteZeroes(target, in command),
            _ => ManageDataset(target, in command),
        };
    }

    private CommandResult Read(NvmeNamespace target, in SubmissionEntry command)
    {
        NvmeStatus status = Prepare(target, in command, out long offset);
        if (status == NvmeStatus.Success)
        {
            status = target.Read(offset, buffer);
        }

        if (status == NvmeStatus.Success)
        {
            state.Counters.Reads++;
            state.Counters.BytesRead += buffer.Length;
        }

        return status;
    }

    private CommandResult Write(NvmeNamespace target, in SubmissionEntry command)
    {
        if (target.IsReadOnly)
        {
            return NvmeStatus.NamespaceWriteProtected;
        }

        NvmeStatus status = Prepare(target, in command, out long offset);
        if (status == NvmeStatus.Success)
        {
            status = target.Write(offset, buffer, IsDurable(in command));
        }

        if (status == NvmeStatus.Success)
        {
            state.Counters.Writes++;
            state.Counters.BytesWritten += buffer.Length;
        }

        return status;
    }

    private CommandResult Compare(NvmeNamespace target, in SubmissionEntry command)
    {
        NvmeStatus status = Prepare(target, in command, out long offset);
        if (status == NvmeStatus.Success)
        {
            status = target.Compare(offset, buffer);
        }

        if (status == NvmeStatus.Success)
        {
            state.Counters.Reads++;
            state.Counters.BytesRead += buffer.Length;
        }

        return status;
    }

    private CommandResult WriteZeroes(NvmeNamespace target, in SubmissionEntry command)
    {
        if (target.IsReadOnly)
        {
            return NvmeStatus.NamespaceWriteProtected;
        }

        return Locate(target, command.StartingBlock, (uint)command.BlockCount, out long offset, out long length)
            ? target.Zero(offset, length, IsDurable(in command)) : NvmeStatus.LbaOutOfRange;
    }

    private CommandResult ManageDataset(NvmeNamespace target, in SubmissionEntry command)
    {
        int count = (int)(command.Dword10 & 0xFF) + 1;
        bool deallocates = (command.Dword11 & DatasetRange.Deallocate) != 0;
        if (deallocates && target.IsReadOnly)
        {
            return NvmeStatus.NamespaceWriteProtected;
        }

        Span<DatasetRange> given = ranges.AsSpan(0, count);
        NvmeStatus status = buffer.Describe(in command, count * DatasetRange.Length, state.PageSize);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        if (!buffer.TryRead(MemoryMarshal.AsBytes(given)))
        {
            return NvmeStatus.DataTransferError;
        }

        // All are looked at before any is done away with.
        foreach (ref readonly DatasetRange range in given)
        {
            if (!Locate(target, range.StartingBlock, range.BlockCount, out _, out _))
            {
                return NvmeStatus.LbaOutOfRange;
            }
        }

        foreach (ref readonly DatasetRange range in given)
        {
            Locate(target, range.StartingBlock, range.BlockCount, out long offset, out long length);
            if (deallocates && length != 0)
            {
                status = target.Deallocate(offset, length);
                if (status != NvmeStatus.Success)
                {
                    return status;
                }
            }
        }

        return NvmeStatus.Success;
    }

    private static bool Locate(NvmeNamespace target, ulong block, uint count, out long offset, out long length)
    {
        ulong blocks = (ulong)target.Length >> target.BlockShift;
        bool exists = block <= blocks && count <= blocks - block;
        offset = exists ? (long)block << target.BlockShift : 0;
        length = exists ? (long)count << target.BlockShift : 0;
        return exists;
    }

    private NvmeStatus Prepare(NvmeNamespace target, in SubmissionEntry command, out long offset)
    {
        if (!Locate(target, command.StartingBlock, (uint)command.BlockCount, out offset, out long length))
        {
            return NvmeStatus.LbaOutOfRange;
        }

        return length > ControllerState.MaxTransfer ? NvmeStatus.InvalidField : buffer.Describe(in command, (int)length, state.PageSize);
    }

    private bool IsDurable(in SubmissionEntry command) =>
        (command.Dword12 & (uint)IoFlags.ForceUnitAccess) != 0 || !state.Features.IsWriteCacheEnabled;
}
