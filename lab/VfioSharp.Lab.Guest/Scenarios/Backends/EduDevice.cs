using System.Diagnostics;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Lab.Guest.Scenarios.Backends;

/// <summary>QEMU's edu device (<c>docs/specs/edu.rst</c>), as far as it shows that a function is alive.</summary>
internal sealed class EduDevice(PciFunction function) : IDisposable
{
    private const ulong Buffer = 0x40000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Bar bar = function.MapBar(0);

    public bool IsThere => bar.Registers.Read32(0) == 0x010000ed;

    /// <summary>Lets the device interrupt and waits for it, a number of times.</summary>
    public async Task InterruptAsync(int times, CancellationToken stop)
    {
        using MsiVectors vectors = await function.EnableMsiAsync(1, stop);
        for (int i = 0; i < times; i++)
        {
            bar.Registers.Write32(0x60, 1);
            await vectors[0].WaitAsync(stop).AsTask().WaitAsync(Patience, stop);
            bar.Registers.Write32(0x64, 1);
        }
    }

    /// <summary>Lets the device copy memory to itself and back to another place.</summary>
    public async Task CopyAsync(Iova from, Iova to, int length, CancellationToken stop)
    {
        await MoveAsync(from.Value, Buffer, length, 1, stop);
        await MoveAsync(Buffer, to.Value, length, 3, stop);
    }

    public void Dispose() => bar.Dispose();

    private async Task MoveAsync(ulong from, ulong to, int length, uint command, CancellationToken stop)
    {
        bar.Registers.Write64(0x80, from);
        bar.Registers.Write64(0x88, to);
        bar.Registers.Write64(0x90, (ulong)length);
        DmaBarrier.BeforeDoorbell();
        bar.Registers.Write64(0x98, command);
        var clock = Stopwatch.StartNew();
        while ((bar.Registers.Read64(0x98) & 1) != 0)
        {
            if (clock.Elapsed > Patience)
            {
                throw new TimeoutException("edu does not end its copy");
            }

            await Task.Delay(1, stop);
        }

        DmaBarrier.AfterCompletion();
    }
}
