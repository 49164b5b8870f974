namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>Gives up once a piece was read from it or written to it.</summary>
internal sealed class CancellingStream(CancellationTokenSource giveUp) : MemoryStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int count = await base.ReadAsync(buffer, CancellationToken.None);
        await giveUp.CancelAsync();
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await base.WriteAsync(buffer, CancellationToken.None);
        await giveUp.CancelAsync();
    }
}
