using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>The memory that a command's data is in, piece by piece: described whole before anything is moved. Used for one command after another.</summary>
/// <param name="memory">All of the driver's memory.</param>
internal sealed class GuestBuffer(SystemMemory memory)
{
    private readonly GuestSegment[] segments = new GuestSegment[SglReader.MaxDescriptors];
    private readonly byte[] list = new byte[PrpReader.MaxListLength];
    private int count;

    /// <summary>All of the driver's memory.</summary>
    public SystemMemory Memory => memory;

    /// <summary>Room for a part of a list of PRPs or descriptors.</summary>
    public Span<byte> List => list;

    /// <summary>The pieces, in their order.</summary>
    public ReadOnlySpan<GuestSegment> Segments => segments.AsSpan(0, count);

    /// <summary>In bytes, of all pieces.</summary>
    public int Length { get; private set; }

    /// <summary>Takes over what a command says of its data.</summary>
    /// <param name="command">The command.</param>
    /// <param name="length">Of its data in bytes.</param>
    /// <param name="pageSize">The memory page that the controller is set to, in bytes.</param>
    /// <returns>Success, or what is wrong with it.</returns>
    public NvmeStatus Describe(in SubmissionEntry command, int length, int pageSize)
    {
        count = 0;
        Length = 0;
        return command.Transfer switch
        {
            DataTransfer.Prp => PrpReader.Read(this, command.Prp1, command.Prp2, length, pageSize),
            DataTransfer.Sgl or DataTransfer.SglWithMetadata => SglReader.Read(this, command.Sgl, length),
            _ => NvmeStatus.InvalidField,
        };
    }

    /// <summary>Adds a piece; false where there are too many. What goes on where the last one ends makes that longer.</summary>
    public bool TryAdd(ulong address, int length, bool isBucket = false)
    {
        Length += length;
        if (length == 0)
        {
            return true;
        }

        if (count > 0 && segments[count - 1] is { IsBucket: false } last && !isBucket && address != 0 && last.Address.Value + (ulong)last.Length == address)
        {
            segments[count - 1] = last with { Length = last.Length + length };
            return true;
        }

        if (count == segments.Length)
        {
            return false;
        }

        segments[count++] = new GuestSegment(new Iova(address), length, isBucket);
        return true;
    }

    /// <summary>Copies to the driver's memory; false where not all of it can be written.</summary>
    /// <param name="source">As long as the data, or shorter.</param>
    public bool TryWrite(ReadOnlySpan<byte> source)
    {
        foreach (ref readonly GuestSegment segment in Segments)
        {
            int length = Math.Min(segment.Length, source.Length);
            if (!segment.IsBucket && !memory.TryWrite(segment.Address, source[..length]))
            {
                return false;
            }

            source = source[length..];
        }

        return true;
    }

    /// <summary>Copies from the driver's memory; false where not all of it can be read.</summary>
    /// <param name="destination">As long as the data, or shorter.</param>
    public bool TryRead(Span<byte> destination)
    {
        foreach (ref readonly GuestSegment segment in Segments)
        {
            int length = Math.Min(segment.Length, destination.Length);
            if (segment.IsBucket || !memory.TryRead(segment.Address, destination[..length]))
            {
                return false;
            }

            destination = destination[length..];
        }

        return true;
    }
}
