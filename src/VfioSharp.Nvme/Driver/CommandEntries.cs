using System.Runtime.InteropServices;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>Commands as the controller reads them (NVM Express Base 2.0, 4.1; NVM Command Set 1.0, 3.2).</summary>
internal static class CommandEntries
{
    /// <summary>Writes a command down, and what it needs beside it into its slot's memory.</summary>
    /// <param name="command">Which; its memory was checked.</param>
    /// <param name="slot">Whose identifier and memory it has.</param>
    /// <param name="pair">The slot's queue, whose gate is held.</param>
    /// <param name="canTakeSgl">Whether the controller takes SGLs.</param>
    public static SubmissionEntry Of(in NvmeCommand command, CommandSlot slot, QueuePair pair, bool canTakeSgl)
    {
        (ulong First, ulong Second) data = default;
        DataTransfer transfer = DataTransfer.Prp;
        uint dword10 = (uint)command.Block, dword11 = (uint)(command.Block >> 32), dword12 = command.Dword12;
        if (command.Buffer is { } buffer)
        {
            ulong address = buffer.Iova.Value + (ulong)command.Offset;
            if (canTakeSgl && TransferPages.NeedList(address, command.Length, pair.Geometry.PageSize))
            {
                // One piece, however many pages: nothing to write down beside the command, and for a controller one address to find.
                transfer = DataTransfer.Sgl;
                (data.First, data.Second) = SglDescriptor.Of(SglType.DataBlock, address, (uint)command.Length);
            }
            else
            {
                data = TransferPages.Describe(address, command.Length, pair.Geometry.PageSize, pair.ListOf(slot), pair.ListAddress(slot));
            }
        }
        else if (command.Opcode == IoOpcode.DatasetManagement)
        {
            MemoryMarshal.Cast<byte, DatasetRange>(pair.ListOf(slot))[0] = new DatasetRange { StartingBlock = command.Block, BlockCount = command.Dword12 };
            data = (pair.ListAddress(slot), 0);
            (dword10, dword11, dword12) = (0, DatasetRange.Deallocate, 0);
        }

        return new SubmissionEntry
        {
            Opcode = (byte)command.Opcode,
            Flags = SubmissionEntry.FlagsOf(transfer),
            CommandId = slot.CommandId,
            NamespaceId = command.NamespaceId,
            Prp1 = data.First,
            Prp2 = data.Second,
            Dword10 = dword10,
            Dword11 = dword11,
            Dword12 = dword12,
        };
    }
}
