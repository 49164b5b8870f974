using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Lab.Guest.Devices;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>A function in full use: its registers, an interrupt that comes, one that never does, memory shown to it and taken away.</summary>
internal abstract class UnplugLoad : IDisposable
{
    private const int BufferLength = 64 << 10;

    private readonly CancellationTokenSource stop = new();
    private readonly PciFunction function;
    private readonly MsixVectors vectors;

    protected UnplugLoad(PciFunction function, MsixVectors vectors)
    {
        this.function = function;
        this.vectors = vectors;
    }

    /// <summary>What is done at once.</summary>
    public IReadOnlyList<UnplugWorker> Workers { get; private set; } = [];

    /// <summary>What the identifying register read last.</summary>
    public uint LastRead { get; private set; }

    /// <summary>The function's registers, also after its end.</summary>
    public abstract Registers Registers { get; }

    /// <summary>A register that never reads as all ones while somebody is there.</summary>
    protected abstract ulong Identity { get; }

    /// <summary>A register that can be written with <see cref="ScratchValue"/> at any time.</summary>
    public abstract ulong Scratch { get; }

    protected abstract uint ScratchValue { get; }

    /// <summary>Starts to use a function, an igb or an NVMe controller.</summary>
    public static async Task<UnplugLoad> StartAsync(PciFunction function, CancellationToken stop)
    {
        MsixVectors vectors = await function.EnableMsixAsync(2, stop);
        UnplugLoad load = function.Configuration.Read() is { VendorId: 0x8086 }
            ? new UnplugIgbLoad(function, vectors)
            : new UnplugNvmeLoad(function, vectors, await NvmeAdmin.StartAsync(function, stop));
        load.Start();
        return load;
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

    /// <summary>Writes the register that can be.</summary>
    public void WriteScratch() => Registers.Write32(Scratch, ScratchValue);

    /// <summary>Ends what has not ended by itself.</summary>
    public void Stop() => stop.Cancel();

    public virtual void Dispose()
    {
        stop.Cancel();
        vectors.Dispose();
        stop.Dispose();
    }

    /// <summary>Lets the function signal a vector, and awaits it.</summary>
    protected abstract Task InterruptAsync(InterruptVector vector);

    private void Start() => Workers =
    [
        new("registers", UseRegisters, stop.Token),
        new("interrupts", () => InterruptAsync(vectors[0]), stop.Token),
        new("idle", () => vectors[1].WaitAsync().AsTask(), stop.Token),
        new("memory", UseMemory, stop.Token),
    ];

    private Task UseRegisters()
    {
        for (int i = 0; i < 100; i++)
        {
            LastRead = Registers.Read32(Identity);
            WriteScratch();
        }

        return Task.CompletedTask;
    }

    private Task UseMemory()
    {
        using DmaBuffer buffer = function.Dma.Allocate(BufferLength);
        buffer.Span.Fill(0x5A);
        return Task.CompletedTask;
    }
}
