using System.Diagnostics;
using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Interrupts;
using VfioSharp.VfioUser;

namespace VfioSharp.BenchServer;

/// <summary>Measures our own client, as <c>vfio_user_client.c</c> measures a server: the same rounds, the same line of figures.</summary>
internal sealed class ClientRun(PciFunction function)
{
    private const ulong Kept = 0x00;
    private const ulong Raised = 0x08;
    private const ulong Allocated = 0x10;
    private static readonly TimeSpan Pause = TimeSpan.FromMicroseconds(20);

    /// <summary>Connects, measures what is named, and prints it; false where there is no such measurement.</summary>
    public static async Task<bool> RunAsync(string socket, string[] words)
    {
        int[] numbers = [.. words[1..].Select(word => int.Parse(word, CultureInfo.InvariantCulture))];
        await using PciFunction function = await VfioUserClient.ConnectAsync(socket, new VfioUserClientOptions { PostedWrites = true });
        var run = new ClientRun(function);
        switch (words[0], numbers)
        {
            case ("roundtrip", [var rounds]):
                run.RoundTrips(rounds);
                return true;
            case ("pipelined", [var threads, var requests]):
                run.Pipelined(threads, requests);
                return true;
            case ("posted", [var writes]):
                run.Posted(writes);
                return true;
            case ("interrupt", [var rounds]):
                await run.InterruptsAsync(rounds);
                return true;
            case ("mapped", [var rounds]):
                run.Mapped(rounds);
                return true;
            default:
                return false;
        }
    }

    private void RoundTrips(int rounds)
    {
        using Bar bar = function.MapBar(0);
        long[] times = new long[rounds];
        Read(rounds / 5);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Read(rounds);
        Print(times, before);

        void Read(int count)
        {
            for (int i = 0; i < count; i++)
            {
                long start = Stopwatch.GetTimestamp();
                bar.Registers.Read32(Kept);
                times[i] = Stopwatch.GetTimestamp() - start;
            }
        }
    }

    // A read returns when its reply is there: as many are in flight as threads read.
    private void Pipelined(int threads, int requests)
    {
        using Bar bar = function.MapBar(0);
        int left = requests / 5;
        using var gate = new Barrier(threads + 1);
        Thread[] readers = [.. Enumerable.Range(0, threads).Select(_ => new Thread(Read, 256 << 10))];
        foreach (Thread reader in readers)
        {
            reader.Start();
        }

        gate.SignalAndWait();
        gate.SignalAndWait();
        left = requests;
        long before = GC.GetTotalAllocatedBytes(precise: true);
        long start = Stopwatch.GetTimestamp();
        gate.SignalAndWait();
        gate.SignalAndWait();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Print($"{requests / seconds:f0}", before, requests);

        void Read()
        {
            for (int part = 0; part < 2; part++)
            {
                gate.SignalAndWait();
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    bar.Registers.Read32(Kept);
                }

                gate.SignalAndWait();
            }
        }
    }

    private void Posted(int writes)
    {
        using Bar bar = function.MapBar(0);
        Write(writes / 5);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        long start = Stopwatch.GetTimestamp();
        Write(writes);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Print($"{writes / seconds:f0}", before, writes);

        void Write(int count)
        {
            for (int i = 1; i <= count; i++)
            {
                bar.Registers.Write32(Kept, (uint)i);
            }

            if (bar.Registers.Read32(Kept) != (uint)count)
            {
                throw new InvalidOperationException("the register does not hold what was written to it last");
            }
        }
    }

    private async Task InterruptsAsync(int rounds)
    {
        using Bar bar = function.MapBar(0);
        using MsixVectors vectors = await function.EnableMsixAsync(1);
        vectors[0].ContinueInline = true;
        long[] times = new long[rounds];
        await WaitAsync(rounds / 5);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await WaitAsync(rounds);
        Print(times, before);

        async Task WaitAsync(int count)
        {
            for (int i = 0; i < count; i++)
            {
                bar.Registers.Read32(Kept);
                for (long begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < Pause;)
                {
                    Thread.Yield();
                }

                long start = Stopwatch.GetTimestamp();
                bar.Registers.Write32(Raised, 0);
                await vectors[0].WaitAsync();
                times[i] = Stopwatch.GetTimestamp() - start;
            }
        }
    }

    private void Mapped(int rounds)
    {
        using Bar bar = function.MapBar(2);
        bar.Registers.Write32(Kept, 0);
        long start = Stopwatch.GetTimestamp();
        ulong last = 0;
        for (int i = 0; i < rounds; i++)
        {
            last = bar.Registers.Read32(last);
        }

        double load = Stopwatch.GetElapsedTime(start).TotalNanoseconds / rounds;
        start = Stopwatch.GetTimestamp();
        for (int i = 0; i < rounds; i++)
        {
            bar.Registers.Write32(Allocated, (uint)i);
        }

        double store = Stopwatch.GetElapsedTime(start).TotalNanoseconds / rounds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{load:f3} {store:f3}"));
    }

    private static void Print(long[] times, long before)
    {
        long after = GC.GetTotalAllocatedBytes(precise: true);
        Array.Sort(times);
        double unit = 1e9 / Stopwatch.Frequency;
        double allocated = (double)(after - before) / times.Length;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{times[times.Length / 2] * unit:f0} {times[^(1 + (times.Length / 100))] * unit:f0} {allocated:f3}"));
    }

    private static void Print(string figure, long before, int requests) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{figure} {(double)(GC.GetTotalAllocatedBytes(precise: true) - before) / requests:f3}"));
}
