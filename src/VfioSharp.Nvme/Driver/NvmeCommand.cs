using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>An I/O command, prepared: what, of which namespace, with which memory. It can be used many times, on any queue of its controller.</summary>
public readonly struct NvmeCommand
{
    private NvmeCommand(IoOpcode opcode, NvmeNamespaceInfo target, ulong block, uint dword12, DmaBuffer? buffer = null, long offset = 0, int length = 0)
    {
        Opcode = opcode;
        NamespaceId = target.Id;
        Block = block;
        Dword12 = dword12;
        Buffer = buffer;
        Offset = offset;
        Length = length;
    }

    internal IoOpcode Opcode { get; }

    internal uint NamespaceId { get; }

    internal ulong Block { get; }

    internal uint Dword12 { get; }

    internal DmaBuffer? Buffer { get; }

    internal long Offset { get; }

    internal int Length { get; }

    /// <summary>Reads blocks into memory.</summary>
    /// <param name="target">The namespace.</param>
    /// <param name="block">The first logical block.</param>
    /// <param name="blockCount">1 to 65536; their length must not exceed <see cref="NvmeControllerInfo.MaxTransferLength"/>.</param>
    /// <param name="buffer">The memory, of the controller's function. It is the controller's until the command ends.</param>
    /// <param name="offset">Where in it, in bytes, a multiple of 4.</param>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    /// <exception cref="NotSupportedException">The namespace's blocks have metadata.</exception>
    public static NvmeCommand Read(NvmeNamespaceInfo target, ulong block, int blockCount, DmaBuffer buffer, long offset = 0) =>
        Transfer(IoOpcode.Read, target, block, blockCount, buffer, offset, IoFlags.None);

    /// <summary>Writes blocks from memory.</summary>
    /// <param name="target">The namespace.</param>
    /// <param name="block">The first logical block.</param>
    /// <param name="blockCount">1 to 65536; their length must not exceed <see cref="NvmeControllerInfo.MaxTransferLength"/>.</param>
    /// <param name="buffer">The memory, of the controller's function. It must not change until the command ends.</param>
    /// <param name="offset">Where in it, in bytes, a multiple of 4.</param>
    /// <param name="forceUnitAccess">FUA: it ends when the data is on the medium, whatever is cached.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static NvmeCommand Write(
        NvmeNamespaceInfo target, ulong block, int blockCount, DmaBuffer buffer, long offset = 0, bool forceUnitAccess = false) =>
        Transfer(IoOpcode.Write, target, block, blockCount, buffer, offset, forceUnitAccess ? IoFlags.ForceUnitAccess : IoFlags.None);

    /// <summary>Compares blocks with memory; ends as <see cref="NvmeStatus.CompareFailure"/> where they differ.</summary>
    /// <inheritdoc cref="Write" path="/exception"/>
    /// <inheritdoc cref="Write" path="/param[@name!='forceUnitAccess']"/>
    public static NvmeCommand Compare(NvmeNamespaceInfo target, ulong block, int blockCount, DmaBuffer buffer, long offset = 0) =>
        Transfer(IoOpcode.Compare, target, block, blockCount, buffer, offset, IoFlags.None);

    /// <summary>Makes blocks read as zeros, without moving data.</summary>
    /// <param name="target">The namespace.</param>
    /// <param name="block">The first logical block.</param>
    /// <param name="blockCount">1 to 65536.</param>
    /// <param name="deallocate">Whether they may be deallocated for that.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static NvmeCommand WriteZeroes(NvmeNamespaceInfo target, ulong block, int blockCount, bool deallocate = false)
    {
        CheckTarget(target);
        CheckCount(blockCount);
        return new NvmeCommand(IoOpcode.WriteZeroes, target, block, (uint)(blockCount - 1) | (uint)(deallocate ? IoFlags.Deallocate : IoFlags.None));
    }

    /// <summary>Ends when all that was written before, and has ended, is on the medium.</summary>
    /// <param name="target">The namespace.</param>
    public static NvmeCommand Flush(NvmeNamespaceInfo target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return new NvmeCommand(IoOpcode.Flush, target, 0, 0);
    }

    /// <summary>Tells that blocks are not needed any more: Dataset Management with one range, which the queue puts beside the command.</summary>
    /// <param name="target">The namespace.</param>
    /// <param name="block">The first logical block.</param>
    /// <param name="blockCount">1 and up.</param>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public static NvmeCommand Deallocate(NvmeNamespaceInfo target, ulong block, uint blockCount)
    {
        CheckTarget(target);
        ArgumentOutOfRangeException.ThrowIfZero(blockCount);
        return new NvmeCommand(IoOpcode.DatasetManagement, target, block, blockCount);
    }

    private static NvmeCommand Transfer(
        IoOpcode opcode, NvmeNamespaceInfo target, ulong block, int blockCount, DmaBuffer buffer, long offset, IoFlags flags)
    {
        CheckTarget(target);
        CheckCount(blockCount);
        ArgumentNullException.ThrowIfNull(buffer);
        long length = (long)blockCount * target.BlockSize;
        if ((offset & 3) != 0 || offset < 0 || length > int.MaxValue || length > buffer.Length - offset)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), offset, $"{length} bytes from there do not lie in the buffer's {buffer.Length}, or do not start at a multiple of 4");
        }

        return new NvmeCommand(opcode, target, block, (uint)(blockCount - 1) | (uint)flags, buffer, offset, (int)length);
    }

    private static void CheckTarget(NvmeNamespaceInfo target)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.MetadataLength != 0)
        {
            throw new NotSupportedException(
                $"blocks of namespace {target.Id} have {target.MetadataLength} bytes of metadata, which this driver does not move: format it without");
        }
    }

    private static void CheckCount(int blockCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blockCount, 65536);
    }
}
