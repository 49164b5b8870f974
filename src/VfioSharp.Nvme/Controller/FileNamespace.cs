using System.Diagnostics.CodeAnalysis;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Nvme.Controller;

/// <summary>A namespace in a file or block device. The kernel moves data between it and the driver's memory; only where that cannot be, it is copied.</summary>
internal sealed class FileNamespace : NvmeNamespace
{
    /// <summary>What the memory of direct transfers is aligned to, in bytes, as most devices want it.</summary>
    private const int DirectAlignment = 512;

    private readonly StorageFile file;
    private readonly bool isDirect;
    private readonly BackingMemory bounce;
    private readonly Memory<byte> bounceMemory;
    private readonly MemoryLease[] leases = new MemoryLease[SglReader.MaxDescriptors];
    private readonly Memory<byte>[] pieces = new Memory<byte>[SglReader.MaxDescriptors];

    [SuppressMessage("Reliability", "CA2000", Justification = "It is kept.")]
    private FileNamespace(StorageFile file, NvmeFileOptions options)
        : base(file.Length, options.BlockSize, options.IsReadOnly)
    {
        this.file = file;
        isDirect = options.IsDirect;

        // One half for the file's data, one for the driver's where they are compared.
        bounce = BackingMemory.Take(2 * ControllerState.MaxTransfer, out Errno error)
            ?? throw new PciException("open a namespace", $"there is no memory to copy through: {error}", errorNumber: (int)error);
        bounceMemory = bounce.Memory(0, ControllerState.MaxTransfer);
    }

    /// <inheritdoc/>
    internal override bool HasVolatileCache => !IsReadOnly;

    /// <summary>Opens a file.</summary>
    /// <inheritdoc cref="NvmeNamespace.Open"/>
    public static FileNamespace Create(string path, NvmeFileOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        CheckBlockSize(options.BlockSize);
        StorageFile? file = StorageFile.Open(path, options.IsReadOnly, options.IsDirect, SglReader.MaxDescriptors, out Errno error);
        if (file is null)
        {
            throw Failure(path, error, error switch
            {
                Errno.EAGAIN => "another program has it locked: serve it once, or read only",
                Errno.EACCES or Errno.EPERM or Errno.EROFS => options.IsReadOnly ? $"it may not be read ({error})" : $"it may not be written ({error}): open it read only, or give this user the right",
                Errno.ENOENT => "there is no such file: make it with truncate -s SIZE",
                Errno.EINVAL => options.IsDirect ? "it is no file or block device, or its file system has no direct I/O" : "it is no file or block device",
                _ => error.ToString(),
            });
        }

        try
        {
            CheckGeometry(file.Length, options.BlockSize);
            var made = new FileNamespace(file, options);
            error = file.Read([made.bounceMemory[..options.BlockSize]], 0);
            if (error == Errno.None)
            {
                return made;
            }

            made.bounce.Dispose();
            throw Failure(path, error, error == Errno.EINVAL
                ? $"it cannot be read in blocks of {options.BlockSize} bytes: its device has larger ones, ask for blocks of 4096" : $"its first block cannot be read ({error})");
        }
        catch (ArgumentException wrong)
        {
            file.Dispose();
            throw Failure(path, Errno.EINVAL, wrong.Message);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    internal override NvmeStatus Read(long offset, GuestBuffer data)
    {
        if (TryLease(data, DmaAccess.Write, out int count))
        {
            Errno error = file.Read(pieces.AsSpan(0, count), offset);
            Release(count);
            return error == Errno.None ? NvmeStatus.Success : NvmeStatus.UnrecoveredReadError;
        }

        Memory<byte> copy = bounceMemory[..data.Length];
        if (file.Read([copy], offset) != Errno.None)
        {
            return NvmeStatus.UnrecoveredReadError;
        }

        return data.TryWrite(copy.Span) ? NvmeStatus.Success : NvmeStatus.DataTransferError;
    }

    /// <inheritdoc/>
    internal override NvmeStatus Write(long offset, GuestBuffer data, bool isDurable)
    {
        if (TryLease(data, DmaAccess.Read, out int count))
        {
            Errno error = file.Write(pieces.AsSpan(0, count), offset, isDurable);
            Release(count);
            return Outcome(error);
        }

        Memory<byte> copy = bounceMemory[..data.Length];
        return data.TryRead(copy.Span) ? Outcome(file.Write([copy], offset, isDurable)) : NvmeStatus.DataTransferError;
    }

    /// <inheritdoc/>
    internal override NvmeStatus Compare(long offset, GuestBuffer data)
    {
        Memory<byte> copy = bounceMemory[..data.Length];
        Span<byte> given = bounce.Slice(ControllerState.MaxTransfer, data.Length);
        if (file.Read([copy], offset) != Errno.None)
        {
            return NvmeStatus.UnrecoveredReadError;
        }

        if (!data.TryRead(given))
        {
            return NvmeStatus.DataTransferError;
        }

        return given.SequenceEqual(copy.Span) ? NvmeStatus.Success : NvmeStatus.CompareFailure;
    }

    /// <inheritdoc/>
    internal override NvmeStatus Zero(long offset, long length, bool isDurable)
    {
        NvmeStatus status = Deallocate(offset, length);
        return status == NvmeStatus.Success && isDurable ? Flush() : status;
    }

    /// <inheritdoc/>
    internal override NvmeStatus Deallocate(long offset, long length)
    {
        if (length == 0 || file.PunchHole(offset, length) == Errno.None)
        {
            return NvmeStatus.Success;
        }

        // What cannot have holes gets zeros.
        bounceMemory.Span.Clear();
        while (length > 0)
        {
            int part = (int)Math.Min(length, bounceMemory.Length);
            Errno error = file.Write([bounceMemory[..part]], offset, isDurable: false);
            if (error != Errno.None)
            {
                return Outcome(error);
            }

            offset += part;
            length -= part;
        }

        return NvmeStatus.Success;
    }

    /// <inheritdoc/>
    internal override NvmeStatus Flush() => IsReadOnly ? NvmeStatus.Success : Outcome(file.Flush());

    /// <inheritdoc/>
    private protected override void Close()
    {
        file.Dispose();
        bounce.Dispose();
    }

    private static NvmeStatus Outcome(Errno error) => error switch
    {
        Errno.None => NvmeStatus.Success,
        Errno.ENOSPC => NvmeStatus.CapacityExceeded,
        _ => NvmeStatus.WriteFault,
    };

    private static PciException Failure(string path, Errno error, string reason) =>
        new("open a namespace", $"{path}: {reason}", errorNumber: (int)error);

    // All pieces in place, or none: a command's data is moved in one way.
    private bool TryLease(GuestBuffer data, DmaAccess access, out int count)
    {
        count = 0;
        foreach (ref readonly GuestSegment segment in data.Segments)
        {
            bool isAligned = !isDirect || ((segment.Address.Value | (uint)segment.Length) & (DirectAlignment - 1)) == 0;
            if (segment.IsBucket || !isAligned || !data.Memory.TryLease(segment.Address, segment.Length, access, out leases[count]))
            {
                Release(count);
                return false;
            }

            pieces[count] = leases[count].Memory;
            count++;
        }

        return true;
    }

    private void Release(int count)
    {
        for (int i = 0; i < count; i++)
        {
            leases[i].Dispose();
        }
    }
}
