using System.Diagnostics;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Benchmarks.Drive;

/// <summary>Showing memory to a function in this process and taking it away again while <c>count</c> mappings exist.</summary>
internal static class DmaRun
{
    private const int Rounds = 20_000;

    /// <summary>Prints the nanoseconds of a map with its unmap, of memory that is there already.</summary>
    public static async Task<int> RunAsync(int count)
    {
        await using PciFunction function = Loopback.Attach(new Scratch());
        using MemoryMappedFile file = MemoryMappedFile.CreateNew(null, (count + 1L) * Environment.SystemPageSize);
        var views = new List<MemoryMappedViewAccessor>();
        var buffers = new List<DmaBuffer>();
        for (int i = 0; i <= count; i++)
        {
            views.Add(file.CreateViewAccessor((long)i * Environment.SystemPageSize, Environment.SystemPageSize));
        }

        for (int i = 0; i < count; i++)
        {
            buffers.Add(function.Dma.Map(views[i].SafeMemoryMappedViewHandle));
        }

        Map(function, views[count], Rounds / 10);
        long start = Stopwatch.GetTimestamp();
        Map(function, views[count], Rounds);
        double elapsed = Stopwatch.GetElapsedTime(start).TotalNanoseconds / Rounds;
        buffers.ForEach(buffer => buffer.Dispose());
        views.ForEach(view => view.Dispose());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{elapsed:f0}"));
        return 0;
    }

    private static void Map(PciFunction function, MemoryMappedViewAccessor view, int rounds)
    {
        for (int i = 0; i < rounds; i++)
        {
            function.Dma.Map(view.SafeMemoryMappedViewHandle).Dispose();
        }
    }
}
