using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;

namespace VfioSharp.Samples;

/// <summary>A command that moves memory: what was asked for and how much of it is done. It moves a piece at a time, and can rest between two.</summary>
/// <param name="command">Read, which checks memory against a checksum; write, which fills it at random; or copy.</param>
/// <param name="source">Where the driver's memory to be read starts.</param>
/// <param name="destination">Where the driver's memory to be written starts.</param>
/// <param name="size">In bytes.</param>
/// <param name="expected">The checksum of what is read.</param>
internal sealed class EndpointTransfer(EndpointCommand command, ulong source, ulong destination, uint size, uint expected)
{
    private const uint PieceLength = 1 << 16;

    private readonly byte[] piece = new byte[Math.Min(size, PieceLength)];
    private readonly (EndpointStatus Success, EndpointStatus Failure) outcomes = command switch
    {
        EndpointCommand.Read => (EndpointStatus.ReadSuccess, EndpointStatus.ReadFail),
        EndpointCommand.Write => (EndpointStatus.WriteSuccess, EndpointStatus.WriteFail),
        _ => (EndpointStatus.CopySuccess, EndpointStatus.CopyFail),
    };

    private uint done;

    private uint Length => size;

    /// <summary>Of all that was moved so far.</summary>
    public uint Checksum { get; private set; } = Crc32.Start;

    /// <summary>How it ended.</summary>
    public EndpointStatus Outcome { get; private set; }

    /// <summary>Takes over a transfer that another function rests in.</summary>
    /// <exception cref="InvalidDataException">There is no such transfer.</exception>
    public static EndpointTransfer Restore(BinaryReader state)
    {
        var command = (EndpointCommand)state.ReadInt32();
        var transfer = new EndpointTransfer(command, state.ReadUInt64(), state.ReadUInt64(), state.ReadUInt32(), state.ReadUInt32());
        transfer.done = state.ReadUInt32();
        transfer.Checksum = state.ReadUInt32();
        return command is EndpointCommand.Read or EndpointCommand.Write or EndpointCommand.Copy && transfer.done <= transfer.Length
            ? transfer : throw new InvalidDataException("the state's transfer is none that there is");
    }

    /// <summary>Writes down what was asked for and how much of it is done. It rests meanwhile.</summary>
    public void Save(BinaryWriter state)
    {
        state.Write((int)command);
        state.Write(source);
        state.Write(destination);
        state.Write(size);
        state.Write(expected);
        state.Write(done);
        state.Write(Checksum);
    }

    /// <summary>Moves the next piece.</summary>
    /// <returns>Whether there is more to move.</returns>
    public bool Advance(SystemMemory memory)
    {
        Span<byte> data = piece.AsSpan(0, (int)Math.Min(PieceLength, size - done));
        if (command == EndpointCommand.Write)
        {
            Random.Shared.NextBytes(data);
        }
        else if (!IsWithin(source) || !memory.TryRead(new Iova(source + done), data))
        {
            return End(outcomes.Failure | EndpointStatus.SourceInvalid);
        }

        Checksum = Crc32.Append(Checksum, data);
        if (command != EndpointCommand.Read && (!IsWithin(destination) || !memory.TryWrite(new Iova(destination + done), data)))
        {
            return End(outcomes.Failure | EndpointStatus.DestinationInvalid);
        }

        done += (uint)data.Length;
        return done < size || End(command == EndpointCommand.Read && Checksum != expected ? outcomes.Failure : outcomes.Success);
    }

    // Addresses end where 64 bits do.
    private bool IsWithin(ulong start) => start <= ulong.MaxValue - done;

    private bool End(EndpointStatus outcome)
    {
        Outcome = outcome;
        return false;
    }
}
