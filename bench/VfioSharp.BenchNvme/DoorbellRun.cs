using System.Diagnostics;
using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;

namespace VfioSharp.BenchNvme;

/// <summary>Measures the write of a doorbell of a controller that is turned off: what it costs the driver, and not what it starts.</summary>
internal static class DoorbellRun
{
    private const ulong Doorbell = 0x1008; // of submission queue 1 (NVM Express over PCIe Transport 1.0, 3.1.2)

    /// <summary>Prints nanoseconds a write.</summary>
    public static void Run(PciFunction function, int rounds)
    {
        using Bar bar = function.MapBar(0);
        Write(bar.Registers, rounds / 5);
        long start = Stopwatch.GetTimestamp();
        Write(bar.Registers, rounds);
        double nanoseconds = Stopwatch.GetElapsedTime(start).TotalNanoseconds / rounds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{nanoseconds:f3}"));
    }

    private static void Write(Registers registers, int rounds)
    {
        for (int i = 0; i < rounds; i++)
        {
            registers.Write32(Doorbell, 0);
        }
    }
}
