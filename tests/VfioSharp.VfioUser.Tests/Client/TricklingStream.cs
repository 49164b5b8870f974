namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>Gives at most so many bytes at a time, as a pipe or a network does.</summary>
internal sealed class TricklingStream(byte[] data, int most) : MemoryStream(data)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(most, buffer.Length)], cancellationToken);
}
