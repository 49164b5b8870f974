using System.Collections.Immutable;
using VfioSharp.Devices;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Nvme.Driver;

/// <summary>Takes the completions of the queues that share an interrupt vector, whenever it fires.</summary>
/// <param name="vector">The vector.</param>
internal sealed class VectorLoop(InterruptVector vector)
{
    private ImmutableArray<Action> queues = [];

    /// <summary>The vector's number.</summary>
    public int Index => vector.Index;

    /// <summary>How many queues share it.</summary>
    public int Count => queues.Length;

    /// <summary>Starts to listen, until the vectors are disposed or the function is gone.</summary>
    public void Start()
    {
        vector.ContinueInline = true;
        _ = RunAsync();
    }

    /// <summary>Another queue's completions are taken.</summary>
    public void Add(Action look) => ImmutableInterlocked.Update(ref queues, static (all, one) => all.Add(one), look);

    /// <summary>A queue's are not taken any more.</summary>
    public void Remove(Action look) => ImmutableInterlocked.Update(ref queues, static (all, one) => all.Remove(one), look);

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await vector.WaitAsync().ConfigureAwait(false);
                foreach (Action look in queues)
                {
                    look();
                }
            }
        }
        catch (Exception e) when (e is DeviceLostException or ObjectDisposedException)
        {
            // Who waits for commands is told by the driver.
        }
    }
}
