using System.Diagnostics;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;

namespace VfioSharp.Cli.Demo;

/// <summary>What it costs to write a doorbell.</summary>
/// <param name="Nanoseconds">Of a write.</param>
/// <param name="Messages">How many messages the writes made.</param>
/// <param name="Writes">How many there were.</param>
internal sealed record DoorbellCost(double Nanoseconds, long Messages, int Writes)
{
    // The tail of the admin submission queue: any doorbell costs the same (PCIe Transport 1.0, 3.1.2).
    private const ulong Doorbell = 0x1000;
    private const int Least = 1000;

    /// <summary>Measures, while the controller is not enabled: what is written then has no effect.</summary>
    /// <param name="stage">The controller.</param>
    /// <param name="time">For about how long.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<DoorbellCost> MeasureAsync(DemoStage stage, TimeSpan time, CancellationToken stop)
    {
        await using PciFunction function = await stage.ConnectAsync(stop).ConfigureAwait(false);
        using Bar bar = function.MapBar(0);
        Write(bar.Registers, Least);
        double estimate = Write(bar.Registers, Least);
        int writes = (int)Math.Clamp(time.TotalNanoseconds / Math.Max(estimate, 0.1), Least, 10_000_000);
        long before = stage.Messages;
        double cost = Write(bar.Registers, writes);
        return new DoorbellCost(cost, stage.Messages - before, writes);
    }

    private static double Write(Registers registers, int times)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < times; i++)
        {
            registers.Write32(Doorbell, 0);
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / times;
    }
}
