using System.Diagnostics;
using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.BenchNvme;

/// <summary>
/// Measures our driver as <c>spdk_nvme_perf</c> measures SPDK's: one queue, polled by the thread that fills it, with a buffer for each command under
/// way; a command that ends is replaced at once.
/// </summary>
internal sealed class DriveRun
{
    private const int TimeCheck = 256; // polls between two looks at the clock
    private const int FillLength = 128 << 10;

    private readonly NvmeQueue queue;
    private readonly NvmeNamespaceInfo target;
    private readonly DmaBuffer memory;
    private readonly int length;
    private readonly int blocksEach;
    private readonly ulong places;
    private readonly bool isRandom;
    private readonly bool isWrite;
    private readonly NvmeCompletion[] completions;
    private ulong position;
    private ulong random = 0x9E3779B97F4A7C15;

    private DriveRun(NvmeNamespaceInfo target, NvmeQueue queue, DmaBuffer memory, string pattern, int length, int depth)
    {
        this.queue = queue;
        this.length = length;
        this.target = target;
        this.memory = memory;
        blocksEach = length / target.BlockSize;
        places = (ulong)target.BlockCount / (ulong)blocksEach;
        isRandom = pattern.StartsWith("rand", StringComparison.Ordinal);
        isWrite = pattern.EndsWith("write", StringComparison.Ordinal);
        completions = new NvmeCompletion[depth];
    }

    /// <summary>Prints commands a second, and the bytes that each allocated.</summary>
    public static async Task RunAsync(PciFunction function, string pattern, int length, int depth, double seconds)
    {
        await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, new NvmeDriverOptions { UseInterrupts = false });
        await using NvmeQueue queue = await driver.CreateQueueAsync(new NvmeQueueOptions { Depth = depth, Completion = NvmeCompletionMode.Caller });
        using DmaBuffer memory = function.Dma.Allocate((long)length * depth);
        var run = new DriveRun(driver.Namespaces[0], queue, memory, pattern, length, depth);
        run.Measure(seconds / 5);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        long count = run.Measure(seconds);
        double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double allocated = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / count;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count / elapsed:f0} {allocated:f6}"));
    }

    /// <summary>Writes all of the namespace, so that what is read later was written: what never was may take no memory, and be the faster for it.</summary>
    public static async Task FillAsync(PciFunction function)
    {
        await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, new NvmeDriverOptions { UseInterrupts = false });
        await using NvmeQueue queue = await driver.CreateQueueAsync();
        NvmeNamespaceInfo target = driver.Namespaces[0];
        int length = Math.Min(driver.Controller.MaxTransferLength, FillLength);
        using DmaBuffer memory = function.Dma.Allocate(length);
        new Random(1).NextBytes(memory.Span);
        for (long block = 0, each; block < target.BlockCount; block += each)
        {
            each = Math.Min(length / target.BlockSize, target.BlockCount - block);
            await queue.WriteAsync(target, (ulong)block, (int)each, memory);
        }
    }

    private long Measure(double seconds)
    {
        long end = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
        for (int slot = 0; slot < completions.Length; slot++)
        {
            Start((ulong)slot);
        }

        queue.Submit();
        long count = 0;
        for (int polls = 0; polls % TimeCheck != 0 || Stopwatch.GetTimestamp() < end; polls++)
        {
            int ended = Take();
            for (int i = 0; i < ended; i++)
            {
                Start(completions[i].Tag);
            }

            if (ended > 0)
            {
                count += ended;
                queue.Submit();
            }
        }

        for (int left = completions.Length; left > 0;)
        {
            int ended = Take();
            left -= ended;
            count += ended;
        }

        return count;
    }

    private int Take()
    {
        int count = queue.Poll(completions);
        for (int i = 0; i < count; i++)
        {
            if (!completions[i].IsSuccess)
            {
                throw new InvalidOperationException($"a command ended as {completions[i].Status}");
            }
        }

        return count;
    }

    private void Start(ulong slot)
    {
        ulong block = NextPlace() * (ulong)blocksEach;
        long offset = (long)slot * length;
        if (!(isWrite ? queue.TryWrite(target, block, blocksEach, memory, offset, slot) : queue.TryRead(target, block, blocksEach, memory, offset, slot)))
        {
            throw new InvalidOperationException("the queue is full, with no more commands than it was made for");
        }
    }

    private ulong NextPlace()
    {
        if (!isRandom)
        {
            position = position + 1 == places ? 0 : position + 1;
            return position;
        }

        // xorshift: what it takes does not show in the figures.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return Math.BigMul(random, places, out _);
    }
}
