using System.Diagnostics;
using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;

namespace VfioSharp.Benchmarks.Drive;

/// <summary>Register accesses one after the other, each read's offset hanging on the last one's value, as <c>drive_floor.c</c> does.</summary>
internal static class AccessRun
{
    /// <summary>Prints nanoseconds of a mapped read, a mapped write, a trapped read and a trapped write, and the bytes that all of them allocated.</summary>
    public static async Task<int> RunAsync(int rounds)
    {
        await using PciFunction function = Loopback.Attach(new Scratch());
        using Bar bar = function.MapBar(0);
        for (int i = 0; i < 3; i++)
        {
            Read(bar.Registers, Scratch.Mapped, rounds / 10);
            Write(bar.Registers, Scratch.Mapped, rounds / 10);
            Read(bar.Registers, Scratch.Trapped, rounds / 100);
            Write(bar.Registers, Scratch.Trapped, rounds / 100);
            bar.Registers.Write32(Scratch.Mapped, 0);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        double read = Read(bar.Registers, Scratch.Mapped, rounds);
        double write = Write(bar.Registers, Scratch.Mapped + 0x10, rounds);
        double trappedRead = Read(bar.Registers, Scratch.Trapped, rounds / 10);
        double trappedWrite = Write(bar.Registers, Scratch.Trapped, rounds / 10);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{read:f3} {write:f3} {trappedRead:f3} {trappedWrite:f3} {allocated}"));
        return 0;
    }

    private static double Read(Registers registers, ulong offset, int rounds)
    {
        long start = Stopwatch.GetTimestamp();
        ulong last = 0;
        for (int i = 0; i < rounds; i++)
        {
            last = registers.Read32(offset + last);
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / rounds;
    }

    private static double Write(Registers registers, ulong offset, int rounds)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < rounds; i++)
        {
            registers.Write32(offset, (uint)i);
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / rounds;
    }
}
