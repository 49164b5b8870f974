using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>An igb in full use: its registers, an interrupt that comes, one that never does, and memory shown to it and taken away.</summary>
internal sealed class UnplugLoad : IDisposable
{
    /// <summary>A register that says something as long as somebody is there (Intel 82576 datasheet, 8.2.2).</summary>
    public const ulong Status = 0x0008;

    /// <summary>A register that can be written at any time: ether type filters, unused (8.10.12).</summary>
    public const ulong Scratch = 0x5CB0;

    private const int BufferLength = 64 << 10;

    private readonly CancellationTokenSource stop = new();
    private readonly PciFunction function;
    private readonly Bar bar;
    private readonly MsixVectors vectors;
    private readonly ForgeSignals signals;

    private UnplugLoad(PciFunction function, Bar bar, MsixVectors vectors)
    {
        this.function = function;
        this.bar = bar;
        this.vectors = vectors;
        signals = new ForgeSignals(bar.Registers);
        Workers =
        [
            new("registers", UseRegisters, stop.Token),
            new("interrupts", InterruptAsync, stop.Token),
            new("idle", () => vectors[1].WaitAsync().AsTask(), stop.Token),
            new("memory", UseMemory, stop.Token),
        ];
    }

    /// <summary>What is done at once.</summary>
    public IReadOnlyList<UnplugWorker> Workers { get; }

    /// <summary>The function's registers, also after its end.</summary>
    public Registers Registers => bar.Registers;

    /// <summary>What <see cref="Status"/> read last.</summary>
    public uint LastStatus { get; private set; }

    public static async Task<UnplugLoad> StartAsync(PciFunction function, CancellationToken stop)
    {
        Bar bar = function.MapBar(0);
        return new UnplugLoad(function, bar, await function.EnableMsixAsync(2, stop));
    }

    /// <summary>Waits until everything that can be done has been done often.</summary>
    public async Task WarmUpAsync(int rounds, CancellationToken giveUp)
    {
        while (Workers.Any(worker => worker.Name != "idle" && worker.Rounds < rounds))
        {
            if (Workers.FirstOrDefault(worker => !worker.IsRunning) is { } broken)
            {
                throw new InvalidOperationException($"{broken.Name} ended after {broken.Rounds} rounds with {await broken.EndAsync(giveUp)}");
            }

            await Task.Delay(10, giveUp);
        }
    }

    /// <summary>Ends what has not ended by itself.</summary>
    public void Stop() => stop.Cancel();

    public void Dispose()
    {
        stop.Cancel();
        vectors.Dispose();
        bar.Dispose();
        stop.Dispose();
    }

    private Task UseRegisters()
    {
        for (int i = 0; i < 100; i++)
        {
            LastStatus = bar.Registers.Read32(Status);
            bar.Registers.Write32(Scratch, (uint)i);
        }

        return Task.CompletedTask;
    }

    private async Task InterruptAsync()
    {
        signals.Fire();
        await vectors[0].WaitAsync();
    }

    private Task UseMemory()
    {
        using DmaBuffer buffer = function.Dma.Allocate(BufferLength);
        buffer.Span.Fill(0x5A);
        return Task.CompletedTask;
    }
}
